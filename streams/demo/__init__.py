"""The demonstration: a broker, a market, a worker and a downstream service on one machine, and a view of them.

session ─┬─ broker      the embedded Kafka (streams/broker.py)
         ├─ feeder      the simulator or a recording → Kafka, in event time (own process)
         ├─ worker      the real `equipoise worker` with a generated configuration (own process)
         ├─ collector   a light reader of the signals, in a thread → streams/web/view.py
         └─ terminal, page   both show what the view says
"""
