"""Chaos: workers under faults drawn from a seed, compared record by record with an undisturbed run."""
