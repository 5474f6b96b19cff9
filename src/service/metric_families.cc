#include "service/metric_families.h"

#include <utility>

namespace outbox::service {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily& add_family(MetricFamilies& out, const char* name, const char* help, MetricType type) {
  out.push_back({name, help, type, {}});
  return out.back();
}

void add_value(MetricFamily& to, MetricLabels labels, double value) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  (to.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  to.metric.push_back(std::move(metric));
}

void add_metric(MetricFamilies& out, const char* name, const char* help, MetricType type,
                double value) {
  add_value(add_family(out, name, help, type), {}, value);
}

}  // namespace outbox::service
