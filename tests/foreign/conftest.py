from tests.spec.conftest import serve_once

__all__ = ["serve_once"]
