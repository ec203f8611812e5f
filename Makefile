# Everything that people and CI run. Needs Python 3.11 to 3.14, make and the package index, nothing else.
#   make demo                 watch order flow turn into signals (Ctrl-C ends it)
#   make demo SECONDS=30      the same, ending by itself with a summary
#   make demo REPLAY=FILE     the same on a recording
#   make test                 lint, types, tests, coverage, schemas, docs
#   make bench                ours beside Faust, Quix, Bytewax, Kafka Streams, Flink and plain Java, on a real Kafka (two hours)
#   make bench QUICK=1        the core of it, in about five minutes after `make bench-setup`
#   make bench-setup          what the others need (a JDK and Maven have to be there); BROKER=host:port: without Docker
#   make chaos ROUNDS=10 MODE=tx SEED=1   workers, brokers and network under faults (MODE=alo: at least once;
#                             CHAOS_FLAGS="--side-by-side 3": three rounds at a time)
#   make lint | lock          the quick checks | new lock files (UPGRADE=1: newer versions)
PYTHON ?= python3
# Where bytecode is not kept, every worker that a test or a benchmark starts compiles all of Python's sources anew: 5 s.
unexport PYTHONDONTWRITEBYTECODE
PY := .venv/bin/python
SETUP := pyproject.toml setup.py scripts/setup_venv.py locks/setup.txt

.PHONY: demo test bench bench-setup chaos lint lock clean
.DEFAULT_GOAL := demo

demo: .venv/.run
	@.venv/bin/equipoise demo $(if $(SECONDS),--seconds $(SECONDS)) $(if $(REPLAY),--replay $(REPLAY)) $(DEMO_FLAGS)

test: .venv/.dev
	@$(PY) scripts/check.py all

bench: .venv/.dev
	@$(PY) -m benchmarks.run $(if $(QUICK),--quick) $(BENCH_FLAGS)

bench-setup: .venv/.dev
	@$(PY) -m benchmarks.peers.prepare; $(PY) -m equipoise.streams.kernels

chaos: .venv/.dev
	@$(PY) -m tests.chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MODE),--mode $(MODE)) $(if $(SEED),--seed $(SEED)) $(CHAOS_FLAGS)

lint: .venv/.dev
	@$(PY) scripts/check.py lint

lock: .venv/.dev
	@$(PY) scripts/lock.py $(if $(UPGRADE),--upgrade)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .coverage*

# A set-up is done once for each state of these files; the larger one serves both.
.venv/.run: locks/run.txt $(SETUP)
	@$(PYTHON) scripts/setup_venv.py run && touch $@

.venv/.dev: locks/run.txt locks/dev.txt $(SETUP)
	@$(PYTHON) scripts/setup_venv.py dev && touch .venv/.run $@
