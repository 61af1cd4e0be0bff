"""CloudTrail records in the shapes of real ones: for trying a pipeline out, and for the tests."""

from trailhound.simulate.files import write_trail
from trailhound.simulate.scenarios import simulate

__all__ = ["simulate", "write_trail"]
