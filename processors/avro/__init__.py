"""Avro bodies to columns, by a table instead of by generated code.

A writer's schema is compiled (`table`, in Python, microseconds) into rows of integers; one kernel
(`interpreter`), compiled once, runs such a table over every record of a batch. So a new schema id costs no
compiler. The kernel accepts only what it is certain of; whatever else it meets it declines, and the decoder in
Python says what is to become of that record.
"""
