"""From disk to a frozen set: YAML as it was written, scenario and world files, the watching of both."""
