#pragma once

#include <span>
#include <string>

#include "kafka/preflight.h"

namespace outbox::cli {

/// A table of all findings, and below it what is wrong with its command.
std::string doctor_for_people(std::span<const kafka::Finding> findings);

/// One JSON object.
std::string doctor_for_programs(const kafka::ClusterFacts& cluster,
                                std::span<const kafka::Finding> findings);

/// "2 failures, 1 warning"; empty when there is nothing to do.
std::string doctor_summary(std::span<const kafka::Finding> findings);

}  // namespace outbox::cli
