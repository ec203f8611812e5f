"""What the parent of all workers loads once: it forks them in milliseconds, with their kernels ready."""

from equipoise.streams import worker
from equipoise.streams.kernels import warm_up

run = worker.run
warm_up()
