#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace outbox::service {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// Valid until the next family is added.
prometheus::MetricFamily& add_family(MetricFamilies& out, const char* name, const char* help,
                                     prometheus::MetricType type);
/// A counter or gauge, as the family says.
void add_value(prometheus::MetricFamily& to, MetricLabels labels, double value);
/// A family of one value without labels.
void add_metric(MetricFamilies& out, const char* name, const char* help,
                prometheus::MetricType type, double value);

}  // namespace outbox::service
