#include "service/relay_client.h"

#include <httplib.h>
#include <sys/socket.h>

#include <mutex>
#include <utility>

#include "service/json_in.h"
#include "service/message_json.h"

namespace outbox::service {
namespace {

using Query = httplib::Params;

/// One keep-alive connection; calls of several threads take turns.
class RelayClient final : public Access {
 public:
  RelayClient(const Endpoint& endpoint, std::chrono::milliseconds timeout)
      : where_(endpoint.text()),
        client_(endpoint.is_unix() ? endpoint.path : endpoint.host,
                endpoint.is_unix() ? 80 : endpoint.port) {
    if (endpoint.is_unix()) {
      client_.set_address_family(AF_UNIX);
      client_.set_default_headers({{"Host", "localhost"}});
    }
    client_.set_keep_alive(true);
    client_.set_connection_timeout(std::chrono::seconds(2));
    client_.set_read_timeout(timeout);
    client_.set_write_timeout(timeout);
  }

  Status probe() {
    const auto answer = get("/livez", {});
    return answer.ok() ? Status() : answer.status();
  }

  Result<std::vector<Appended>> append(std::span<const Message> messages) override {
    std::string body;
    for (const Message& message : messages) body.append(to_json(message)).append("\n");
    const auto answer = post("/v1/messages", {}, body);
    if (!answer.ok()) return answer.status();
    auto appended = parse_appended(*answer);
    if (appended.ok() && appended->size() != messages.size()) {
      return Status(Code::kIndeterminate, "the relay answered for another number of messages");
    }
    return appended;
  }
  Result<Stats> stats() override { return read(get("/v1/status", {}), parse_stats); }
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) override {
    return read(
        get("/v1/peek",
            {{"topic", topic}, {"from", std::to_string(from)}, {"count", std::to_string(count)}}),
        parse_entries);
  }
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) override {
    return read(
        get("/v1/dead",
            {{"topic", topic}, {"from", std::to_string(from)}, {"count", std::to_string(count)}}),
        parse_dead_letters);
  }
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) override {
    return read(get("/v1/dead/entry", entry(topic, seq)), parse_dead_letter);
  }
  Result<Appended> requeue(const std::string& topic, Seq seq) override {
    auto appended = read(post("/v1/dead/requeue", entry(topic, seq)), parse_appended);
    if (!appended.ok()) return appended.status();
    return appended->at(0);
  }
  Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) override {
    Query query = entry(topic, seq);
    query.emplace("who", who);
    return post("/v1/dead/drop", query).status();
  }
  Result<PurgeRecord> purge(const std::string& topic, Seq through,
                            const std::string& who) override {
    Query query{{"topic", topic}, {"who", who}};
    if (through != 0) query.emplace("through", std::to_string(through));
    return read(post("/v1/purge", query), parse_purge);
  }
  Result<std::vector<PurgeRecord>> purges() override {
    return read(get("/v1/purges", {}), parse_purges);
  }
  Status pause(const std::string& topic) override {
    return post("/v1/pause", {{"topic", topic}}).status();
  }
  Status resume(const std::string& topic) override {
    return post("/v1/resume", {{"topic", topic}}).status();
  }
  Status accept(const std::string& topic) override {
    return post("/v1/accept", {{"topic", topic}}).status();
  }

 private:
  static Query entry(const std::string& topic, Seq seq) {
    return {{"topic", topic}, {"seq", std::to_string(seq)}};
  }
  static std::string target(const std::string& path, const Query& query) {
    return query.empty() ? path : httplib::append_query_params(path, query);
  }
  template <typename T>
  static Result<T> read(const Result<std::string>& answer, Result<T> (*parse)(std::string_view)) {
    return answer.ok() ? parse(*answer) : answer.status();
  }

  Result<std::string> get(const std::string& path, const Query& query) {
    const std::lock_guard lock(mutex_);
    return judge(client_.Get(target(path, query)), Code::kIoError);
  }
  Result<std::string> post(const std::string& path, const Query& query,
                           const std::string& body = "") {
    const std::lock_guard lock(mutex_);
    return judge(client_.Post(target(path, query), body, "application/x-ndjson"),
                 Code::kIndeterminate);
  }

  /// `lost`: what an answer that never came means.
  Result<std::string> judge(const httplib::Result& result, Code lost) const {
    if (!result) {
      const bool unsent = result.error() == httplib::Error::Connection ||
                          result.error() == httplib::Error::ConnectionTimeout;
      return Status(unsent ? Code::kIoError : lost, "the relay on " + where_ +
                                                        " does not answer (" +
                                                        httplib::to_string(result.error()) + ")");
    }
    if (result->status != 200) return parse_error(result->body);
    return result->body;
  }

  const std::string where_;
  std::mutex mutex_;
  httplib::Client client_;
};

}  // namespace

Result<std::unique_ptr<Access>> connect_relay(const Endpoint& endpoint,
                                              std::chrono::milliseconds answer_timeout_ms) {
  auto client = std::make_unique<RelayClient>(endpoint, answer_timeout_ms);
  if (Status status = client->probe(); !status.ok()) return status;
  return std::unique_ptr<Access>(std::move(client));
}

}  // namespace outbox::service
