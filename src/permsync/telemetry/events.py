"""
The closed set of log events: what a line says happened, so that alerts can name it.

This module must not know who logs one.
"""

from enum import StrEnum


class Event(StrEnum):
    """What a log line says happened: a closed set, so that alerts can name it."""

    SERVICE_STARTED = "service_started"
    SERVICE_DRAINING = "service_draining"
    SERVICE_STOPPED = "service_stopped"
    DEFECT = "defect"
    HTTP_ANSWERED = "http_answered"
    HTTP_UNANSWERED = "http_unanswered"
    HTTP_UNSENT = "http_unsent"
    HOST_REFUSED = "host_refused"
    INSTALLATION_UNUSABLE = "installation_unusable"
    REFRESH_CLAIMED = "refresh_claimed"
    REFRESH_ADOPTED = "refresh_adopted"
    REFRESH_REFUSED = "refresh_refused"
    REFRESH_STAGED = "refresh_staged"
    REFRESH_SUPERSEDED = "refresh_superseded"
    REFRESH_UNCERTAIN = "refresh_uncertain"
    REFRESH_UNSENT = "refresh_unsent"
    CIRCUIT_OPENED = "circuit_opened"
    CIRCUIT_CLOSED = "circuit_closed"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of an event, no credential
    ACCOUNT_LINKED = "account_linked"
    ACCOUNT_UNLINKED = "account_unlinked"
    ACCOUNT_ENDED = "account_ended"
    ACCOUNT_HEALED = "account_healed"
    LINK_REFUSED = "link_refused"
    SEALED_VALUE_DAMAGED = "sealed_value_damaged"
    SEALING_KEY_MISSING = "sealing_key_missing"
    SEALING_KEY_RETIRED = "sealing_key_retired"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    RUN_STARTED = "run_started"
    RUN_FINISHED = "run_finished"
    RUN_FENCED = "run_fenced"
    JOB_FAILED = "job_failed"
    JOB_LOST = "job_lost"
    JOB_RETURNED = "job_returned"
    JOBS_RECLAIMED = "jobs_reclaimed"
    QUEUE_UNREACHABLE = "queue_unreachable"
    WEBHOOK_REFUSED = "webhook_refused"
    WEBHOOK_STORED = "webhook_stored"
    WEBHOOK_CARRIED_OUT = "webhook_carried_out"
    WEBHOOK_FAILED = "webhook_failed"
    WEBHOOK_GONE = "webhook_gone"
