"""How property tests run: always the same examples, so that CI never fails by chance.

`pytest --hypothesis-profile=thorough` looks for new ones.
"""

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("thorough", deadline=None, database=None, max_examples=3_000)
settings.load_profile("same")
