"""What the parent of all workers loads once: it forks them in milliseconds, with their kernels ready."""

from equipoise.streams import worker
from equipoise.streams.kernels import warm_up
from tests.chaos.workers import die_with_parent

run = worker.run
die_with_parent()  # workers hold open what would tell it of the end
warm_up()
