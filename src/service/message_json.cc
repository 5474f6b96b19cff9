#include "service/message_json.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "service/json_out.h"
#include "service/nearest.h"
#include "service/text.h"

namespace outbox::service {
namespace {

constexpr auto kFields =
    std::to_array<std::string_view>({"topic", "key", "key_base64", "value", "value_base64",
                                     "headers", "partition", "timestamp_ms", "id"});
constexpr auto kHeaderFields = std::to_array<std::string_view>({"name", "value", "value_base64"});

/// Far above what a store takes (Options::headers_max); keeps the search for repeated names short.
constexpr std::size_t kHeadersMax = 4'096;

/// Where in the object the parser is.
enum class Place { kStart, kMessage, kHeaderMap, kHeaderList, kHeaderItem, kEnd };

/// Fills a Message while nlohmann's parser runs: only a SAX handler sees a
/// field that stands twice, and nesting costs no memory.
class Reader {
 public:
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = std::string;
  using binary_t = nlohmann::json::binary_t;

  bool null() { return text(std::nullopt); }
  bool string(string_t& value) { return text(std::move(value)); }
  bool boolean(bool) { return wrong_type("true or false"); }
  bool number_float(number_float_t, const string_t&) {
    return wrong_type("a fraction or a number out of range");
  }
  bool binary(binary_t&) { return wrong_type("binary"); }
  bool number_integer(number_integer_t value) {
    return is_number_field() ? fail(field_ + ": " + std::to_string(value) + " is negative")
                             : wrong_type("a number");
  }
  bool number_unsigned(number_unsigned_t value) {
    if (!is_number_field()) return wrong_type("a number");
    const bool partition = field_ == "partition";
    const auto max = partition ? std::uint64_t{std::numeric_limits<std::int32_t>::max()}
                               : std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    if (value > max) return fail(field_ + ": " + std::to_string(value) + " is out of range");
    if (partition) {
      message_.partition = static_cast<std::int32_t>(value);
    } else {
      message_.timestamp_ms = static_cast<std::int64_t>(value);
    }
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::kStart) return go(Place::kMessage);
    if (place_ == Place::kMessage && field_ == "headers") return go(Place::kHeaderMap);
    if (place_ == Place::kHeaderList) {
      if (message_.headers.size() == kHeadersMax) return too_many_headers();
      message_.headers.emplace_back();
      header_seen_ = 0;
      return go(Place::kHeaderItem);
    }
    return wrong_type("an object");
  }
  bool start_array(std::size_t) {
    if (place_ == Place::kMessage && field_ == "headers") return go(Place::kHeaderList);
    return wrong_type("an array");
  }
  bool end_object() {
    if (place_ == Place::kHeaderMap) return go(Place::kMessage);
    if (place_ == Place::kMessage) return go(Place::kEnd);
    if ((header_seen_ & 1U) == 0) return fail("headers: an item has no \"name\"");
    if ((header_seen_ & 6U) == 0) return fail("headers: an item has no \"value\"");
    return go(Place::kHeaderList);
  }
  bool end_array() { return go(Place::kMessage); }

  bool key(string_t& name) {
    if (place_ == Place::kHeaderMap) return header_name(name);
    if (place_ == Place::kHeaderItem) return item_field(name);
    field_ = name;
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      if (kFields[i] != name) continue;
      if ((seen_ & (1U << i)) != 0) return fail("field \"" + name + "\" stands twice");
      seen_ |= 1U << i;
      return true;
    }
    return fail("unknown field \"" + printable(name, 40) + "\"" + did_you_mean(name, kFields));
  }

  bool parse_error(std::size_t column, const std::string&, const nlohmann::json::exception& error) {
    if (!error_.empty()) return false;
    std::string what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ..."
    if (const auto at = what.find(": "); at != std::string::npos) what = what.substr(at + 2);
    return fail("not valid JSON at column " + std::to_string(column) + ": " + printable(what, 200));
  }

  Result<Message> finish(const std::string& default_topic) {
    if (error_.empty()) check(default_topic);
    if (!error_.empty()) return Status(Code::kInvalidArgument, error_);
    return std::move(message_);
  }

 private:
  bool fail(std::string what) {
    error_ = std::move(what);
    return false;
  }
  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool too_many_headers() { return fail("headers: more than " + std::to_string(kHeadersMax)); }
  bool is_number_field() const {
    return place_ == Place::kMessage && (field_ == "partition" || field_ == "timestamp_ms");
  }
  std::string wanted() const {
    if (place_ == Place::kStart) return "wanted a JSON object";
    if (place_ == Place::kHeaderList) return "headers: wanted objects with name and value";
    if (place_ == Place::kHeaderMap) return "headers: wanted strings or nulls";
    if (is_number_field()) return field_ + ": wanted a whole number";
    if (field_ == "headers" && place_ == Place::kMessage) {
      return "headers: wanted an object or an array";
    }
    if (field_ == "key" || field_ == "value") return field_ + ": wanted a string or null";
    return field_ + ": wanted a string";
  }
  bool wrong_type(std::string_view got) { return fail(wanted() + ", got " + std::string(got)); }

  bool text(std::optional<std::string> value) {
    if (place_ == Place::kHeaderMap) {
      message_.headers.back().value = std::move(value);
      return true;
    }
    if (place_ == Place::kHeaderItem) return item_text(std::move(value));
    if (place_ != Place::kMessage || is_number_field() || field_ == "headers") {
      return wrong_type(value ? "a string" : "null");
    }
    if (field_ == "key") return put(message_.key, std::move(value));
    if (field_ == "value") return put(message_.value, std::move(value));
    if (!value) return wrong_type("null");
    if (field_ == "key_base64") return decode(*value, message_.key);
    if (field_ == "value_base64") return decode(*value, message_.value);
    (field_ == "topic" ? message_.topic : message_.idempotency_key) = std::move(*value);
    return true;
  }
  static bool put(std::optional<std::string>& member, std::optional<std::string> value) {
    member = std::move(value);
    return true;
  }
  bool decode(const std::string& value, std::optional<std::string>& member) {
    auto bytes = base64_decode(value);
    if (!bytes) return fail(field_ + ": not valid base64");
    member = std::move(bytes);
    return true;
  }

  bool header_name(const std::string& name) {
    for (const Header& header : message_.headers) {
      if (header.name == name) {
        return fail("headers: \"" + printable(name, 40) +
                    "\" stands twice; repeated names go into an array of name and value");
      }
    }
    if (message_.headers.size() == kHeadersMax) return too_many_headers();
    message_.headers.push_back({name, std::nullopt});
    return true;
  }
  bool item_field(const std::string& name) {
    for (std::size_t i = 0; i < kHeaderFields.size(); ++i) {
      if (kHeaderFields[i] != name) continue;
      field_ = name;
      const unsigned bit = 1U << i;
      if ((header_seen_ & bit) != 0 || (bit > 1 && (header_seen_ & 6U) != 0)) {
        return fail("headers: an item has \"" + name + "\" twice, or two values");
      }
      header_seen_ |= bit;
      return true;
    }
    return fail("headers: unknown field \"" + printable(name, 40) + "\"" +
                did_you_mean(name, kHeaderFields));
  }
  bool item_text(std::optional<std::string> value) {
    Header& header = message_.headers.back();
    if (field_ == "value") return put(header.value, std::move(value));
    if (!value) return fail("headers: " + field_ + ": wanted a string, got null");
    if (field_ == "value_base64") return decode(*value, header.value);
    header.name = std::move(*value);
    return true;
  }

  bool has(std::string_view name) const {
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      if (kFields[i] == name) return (seen_ & (1U << i)) != 0;
    }
    return false;
  }
  void check(const std::string& default_topic) {
    if (!has("topic")) message_.topic = default_topic;
    if (message_.topic.empty()) {
      fail(has("topic") ? "topic: is empty" : "field \"topic\" is missing");
    } else if (has("key") && has("key_base64")) {
      fail("key and key_base64: only one of them");
    } else if (has("value") && has("value_base64")) {
      fail("value and value_base64: only one of them");
    } else if (!has("value") && !has("value_base64")) {
      fail("field \"value\" is missing (null makes a tombstone)");
    } else if (has("id") && message_.idempotency_key.empty()) {
      fail("id: is empty");
    }
  }

  Message message_;
  Place place_ = Place::kStart;
  std::string field_;
  unsigned seen_ = 0;
  unsigned header_seen_ = 0;
  std::string error_;
};

}  // namespace

Result<Message> parse_message(std::string_view json, const std::string& default_topic) {
  Reader reader;
  // Never throws for bad input: errors arrive at Reader::parse_error.
  const bool whole = nlohmann::json::sax_parse(json, &reader);
  auto message = reader.finish(default_topic);
  if (message.ok() && !whole) return Status(Code::kInvalidArgument, "not valid JSON");
  return message;
}

std::string to_json(const Message& message) { return json_text(message_json(message)); }

std::string to_json(const Received& received) {
  nlohmann::ordered_json json = message_json(received.message);
  json["offset"] = received.offset;
  return json_text(json);
}

}  // namespace outbox::service
