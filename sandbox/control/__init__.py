"""The control API under `/_sandbox`: one face of the sandbox, for programs."""
