"""Errors against recorded numbers: each is held against its tolerance, and kept for the table at the end."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Measured:
    """The worst error of each kind of number in each case."""

    rows: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def close(self, case, what, found, wanted, tolerance):
        """The largest difference of two arrays is within the tolerance."""
        found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
        assert found.shape == wanted.shape, (case, what)
        self.within(case, what, np.abs(found - wanted).max(initial=0), tolerance)

    def same_masks(self, case, what, found, wanted, tolerance):
        """The largest share of pixels of a mask that differ, of (M, H, W) masks, is within the tolerance."""
        found, wanted = np.asarray(found, bool), np.asarray(wanted, bool)
        assert found.shape == wanted.shape, (case, what)
        self.within(case, what, (found != wanted).mean((-2, -1)).max(initial=0), tolerance)

    def within(self, case, what, error, tolerance):
        """Keep the error, then hold it against the tolerance."""
        worst, _ = self.rows.get((case, what), (0.0, tolerance))
        self.rows[case, what] = max(worst, float(error)), tolerance
        assert error <= tolerance, f"{case}: {what} is off by {error:.3g}, {tolerance:g} is allowed"

    def table(self):
        """Lines of a table: case, what was compared, worst error, tolerance."""
        lines = [f"{'case':<26}{'what':<26}{'worst error':>12}{'tolerance':>11}"]
        for (case, what), (error, tolerance) in sorted(self.rows.items()):
            lines.append(f"{case:<26}{what:<26}{error:>12.2e}{tolerance:>11.0e}")
        return lines
