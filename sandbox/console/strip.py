"""The status strip: what one has to know on every page.

Rule 1: it says whose space this is, what its clock says, what stands in the way of the files, and what is broken.
"""

from typing import Any

from sandbox import views
from sandbox.runtime import Sandbox
from sandbox.state.spaces import FOR_ALL


async def strip(sandbox: Sandbox, space: str) -> dict[str, Any]:
    """Return what the strip of a space shows; `overrides` are its own, `for_all` those that hold for everybody."""
    clock, profile = views.clock(sandbox, space), views.profile(sandbox, space)
    home = sandbox.population.home
    health = views.health(sandbox)
    mistakes = health["lastReload"]["mistakes"]
    return {
        "moment": sandbox.now(space).astimezone(home.zone),
        "country": home.code,
        "is_ticking": clock["ticking"],
        "has_travelled": clock["setBy"] != "machine",
        "overrides": len(await sandbox.overrides(space)),
        "for_all": len(await sandbox.overrides(FOR_ALL)) if space != FOR_ALL else 0,
        "profile": profile["profile"],
        "checks": profile["checks"],
        "live_texts": profile["liveTexts"],
        "mistake": mistakes[0] if mistakes else None,
        "mistakes": len(mistakes),
        "warnings": len(health["lastReload"]["warnings"]),
        "evicted": health["evictedSpaces"],
    }
