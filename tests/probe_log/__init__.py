"""A service that is not in the package and keeps events, which cars send on command: for programs that are started with it installed.

Apart from ``tests.probe_service``, which runs within tests: a table of events stays declared in the process that has once loaded it.
"""
