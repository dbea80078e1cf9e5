"""What all tests share."""

from hypothesis import settings

# A busy machine is no fault of the code: no example fails for its time.
settings.register_profile("detector", deadline=None)
settings.load_profile("detector")
