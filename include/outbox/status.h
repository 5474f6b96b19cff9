#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace outbox {

/// Why a call did not do what was asked. The names, sentences and operator
/// actions stand in status_codes.inc, the one table of this project's errors.
enum class Code {
#define OUTBOX_STATUS_CODE(name, text, action) name,
#include "outbox/status_codes.inc"
#undef OUTBOX_STATUS_CODE
};

/// The table's name of a code, e.g. "kIndeterminate".
std::string_view code_name(Code code);
/// The table's sentence for a code.
std::string_view code_text(Code code);
/// What the table tells an operator to do about a code.
std::string_view code_action(Code code);

/// The only error type. A value type: copy freely; const calls are safe from
/// any thread. An append has three outcomes, never two: ok(), a definite
/// failure (the entry will never appear), and indeterminate() (it may appear
/// after the outbox is opened again; e.g. a failed fsync).
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status ok_status() { return {}; }

  bool ok() const { return code_ == Code::kOk; }
  bool indeterminate() const { return code_ == Code::kIndeterminate; }
  Code code() const { return code_; }
  /// One line: what, where, and the remedy. Empty when ok().
  const std::string& message() const { return message_; }
  /// "kFull: the outbox holds 1000 entries, ..." for logs.
  std::string to_string() const;

  friend bool operator==(const Status& a, const Status& b) { return a.code_ == b.code_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

/// A value, or the Status that says why there is none. value() on a failed
/// Result is a programming error and aborts (assertion always on).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  /// ok_status() when there is a value.
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

 private:
  T& checked() {
    if (!ok()) std::abort();
    return std::get<T>(state_);
  }
  std::variant<Status, T> state_;
};

}  // namespace outbox
