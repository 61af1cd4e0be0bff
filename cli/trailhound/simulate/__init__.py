"""CloudTrail records in the shapes of real ones: for trying a pipeline out, and for the tests."""

from trailhound.simulate.background import benign_trail
from trailhound.simulate.files import write_trail
from trailhound.simulate.scenarios import names, simulate

__all__ = ["benign_trail", "names", "simulate", "write_trail"]
