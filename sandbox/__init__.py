"""Segment Sandbox: the bank's customer-segment API on your own machine.

`core` decides, `runtime.Sandbox` is the facade, `app` is the ASGI shell around it, `cli` starts it.
"""

__version__ = "0.1.0"
