"""Whatever is done to a store in whatever order, everything that shows it shows the same, and what holds."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from store_machine import StoreMachine

SEQUENCES = int(os.environ.get("QC_STORE_SEQUENCES", "8"))
"""As many as a change to anything may wait for; ``QC_STORE_SEQUENCES=2000`` takes some ten minutes of processor."""

TestStates = StoreMachine.TestCase
TestStates.settings = settings(
    max_examples=SEQUENCES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
