#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/setting_table.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// Name and value, in the order they are set.
using Properties = std::vector<std::pair<std::string, std::string>>;

enum class ClientKind { kProducer, kConsumer };

/// Null: the property is none of those.
const UnsafeSetting* find_unsafe(std::span<const UnsafeSetting> unsafe, std::string_view name);

/// Is each of the user's properties one that this kind of client has, and not one that would break
/// a promise? kUnsafeSetting and kInvalidArgument name it.
Status check_given(const std::map<std::string, std::string>& given,
                   std::span<const UnsafeSetting> unsafe, ClientKind client);

/// librdkafka judges names and values; nothing is connected.
Status try_out(const Properties& properties);

}  // namespace outbox::kafka
