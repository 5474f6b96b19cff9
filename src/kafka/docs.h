#pragma once

#include <string>

namespace outbox::kafka {

/// docs/kafka-properties.md, from the setting table. A test keeps the file equal to it.
std::string properties_markdown();

/// docs/kafka-consumer-properties.md, likewise.
std::string consumer_properties_markdown();

/// docs/errors.md, from the error table and the status codes. A test keeps the file equal to it.
std::string errors_markdown();

/// docs/preflight.md, from the table of checks. A test keeps the file equal to it.
std::string preflight_markdown();

}  // namespace outbox::kafka
