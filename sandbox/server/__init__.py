"""From socket to answer: the protocol, the ASGI application, faults on the wire, TLS."""
