#include "kafka/docs.h"
#include "kafka/preflight.h"

namespace outbox::kafka {
namespace {

constexpr const char* kIntroduction = R"(# Is the cluster safe?

Written by the tests from `src/kafka/check_rows.inc`; change it there.

A producer that does everything right still loses messages in a topic that is not durable.
`outbox-relay doctor --bootstrap-servers B --topic T` judges what follows; the relay does the same
at its start, at a topic's first use and every `preflight_interval`, and acts as `preflight` says:

| `preflight` | |
|---|---|
| `off` | nothing is asked |
| `warn` (default) | what is wrong is logged once, and in the metric `outbox_preflight_findings` |
| `enforce` | besides: a topic with a failure or something unverified is held. Its messages are accepted and wait in the outbox, `status` shows `held: ` and the reason, and once the cluster is put right they are sent, without anybody's help |

The default is `warn`: `enforce` would hold everything on a cluster of one broker, and on one whose
settings the relay has no right to read; `off` would hide what loses messages.

| severity | meaning | exit code of `doctor` |
|---|---|---|
| failure | confirmed messages can be lost, or their order broken | 12 |
| unverified | it could not be read: no right, no answer, a broker that knows no such question. Never taken for well | 11 |
| warning | loses nothing that was confirmed by itself | 10 |
| note | good to know; nobody has to act | 0 |

The graver one wins. Reading needs the rights `Describe` and `DescribeConfigs` on the topics and
`DescribeConfigs` on the cluster. The commands are Kafka's own; on a cluster with authentication they
want `--command-config FILE` as well. In them stand {B} for the bootstrap servers, {T} for the topic, {N} for the broker, {V} and
{R} for what the case at hand wants; `doctor` and the log have them filled in. A setting's source is what set the value that holds: the
topic, all brokers or one (dynamically; Kafka 4 may set some so by itself), `server.properties`, or
Kafka's default; in brackets the name under which the broker has it.

**What cannot be known:** the brokers' version (librdkafka negotiates it and tells nobody); brokers
that are down (metadata names the living ones); what quotas, authorizers and interceptors of the
cluster do; and what somebody will set a minute from now.

**Retention goes by timestamps.** A message carries the time of its append. A topic with
`message.timestamp.type=CreateTime` (the default) counts `retention.ms` from there, so after an
outage longer than `retention.ms` Kafka removes entries as soon as they are delivered, and nobody is
told. `LogAppendTime` counts from the arrival.

)";

struct Part {
  Scope scope;
  const char* heading;
};

constexpr Part kParts[] = {
    {Scope::kTopic, "## The topic"},
    {Scope::kCluster, "## The cluster"},
    {Scope::kBroker, "## Each broker"},
    {Scope::kClient, "## The relay itself"},
};

constexpr const char* kTableHeading =
    "\n\n| setting | wanted | otherwise | what can be lost | command |\n|---|---|---|---|---|\n";

std::string row_text(const CheckRow& row) {
  const std::string loss =
      row.check == Check::kBrokers
          ? "With one broker every message has one copy. With two: replication factor 2 and "
            "min.insync.replicas 2 lose nothing confirmed, but either one down stops the topics."
          : std::string(row.loss);
  return "| `" + std::string(row.setting) + "` | " + std::string(row.wanted) + " | " +
         std::string(word_of(row.severity)) + " | " + loss + " | `" + std::string(row.fix) +
         "` |\n";
}

}  // namespace

std::string preflight_markdown() {
  std::string out = kIntroduction;
  for (const Part& part : kParts) {
    out += std::string(out.ends_with("\n\n") ? "" : "\n") + part.heading + kTableHeading;
    for (const CheckRow& row : check_rows()) {
      if (row.scope == part.scope) out += row_text(row);
    }
  }
  return out;
}

}  // namespace outbox::kafka
