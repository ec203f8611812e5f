"""What the parent of all workers loads once: it forks them in milliseconds, with their kernels ready."""

from tests.chaos import clock
from tests.chaos.workers import die_with_parent

clock.install()
from equipoise.streams import worker  # noqa: E402 - they are to find that clock
from equipoise.streams.kernels import warm_up  # noqa: E402

run = worker.run
die_with_parent()  # workers hold open what would tell it of the end
warm_up()
