"""How the workers work: no picture is lost, and nothing of a card passes through the broker."""

import os

broker_url = os.environ["IDCARDS_BROKER_URL"]
broker_connection_retry_on_startup = True

# A message is done when its picture is, and goes to another worker when this one was killed, or the
# hard limit ended it. What fails otherwise, by a mistake of ours, is dropped, not tried for ever:
# enqueue.py finds the pictures that have no outcome.
task_acks_late = True
task_reject_on_worker_lost = True
task_acks_on_failure_or_timeout = False
worker_prefetch_multiplier = 1

# Seconds. The client's timeout (tasks.py) comes first, then Celery's limits. A message that a
# killed worker had comes back after the visibility timeout; it must be longer than the hard limit
# and the longest pause between two tries together, or it comes back while somebody is at it. The
# other workers look for such messages every 10 seconds, and would pass nine of ten looks over.
task_soft_time_limit = 30
task_time_limit = 40
broker_transport_options = {"visibility_timeout": 300, "unacked_restore_throttle": 1}

# Outcomes go where pictures.py puts them: Celery keeps none, and tells nobody of its tasks.
result_backend = None
task_ignore_result = True
task_store_errors_even_if_ignored = False
worker_send_task_events = False
task_send_sent_event = False

task_serializer = "json"
accept_content = ["json"]
