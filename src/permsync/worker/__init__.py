"""Background work: which flow a kind of job runs (``kinds``), and the queue's loop (``run``)."""
