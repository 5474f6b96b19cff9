#include "service/api.h"

#include <catch2/catch.hpp>

#include "fake_access.h"
#include "service/json_in.h"

namespace outbox::service {
namespace {

using Catch::Contains;

class ApiFixture {
 protected:
  HttpResponse call(const std::string& method, const std::string& path,
                    std::map<std::string, std::string> query = {}, const std::string& body = "",
                    std::map<std::string, std::string> headers = {}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = std::move(query);
    request.body = body;
    request.headers = std::move(headers);
    return api_.handle(request);
  }
  HttpResponse post(const std::string& body, std::map<std::string, std::string> headers = {}) {
    return call("POST", "/v1/messages", {}, body, std::move(headers));
  }
  HttpResponse ndjson(const std::string& body, const std::string& key = "") {
    std::map<std::string, std::string> headers{{"content-type", "application/x-ndjson"}};
    if (!key.empty()) headers["idempotency-key"] = key;
    return post(body, headers);
  }

  FakeAccess access_;
  Api api_{access_, access_};
};

TEST_CASE_METHOD(ApiFixture, "one JSON object is answered with topic and seq") {
  CHECK(post("{\"topic\":\"t\",\n \"value\":\"v\"}\n").body ==
        "{\"topic\":\"t\",\"seq\":1,\"repeated\":false}\n");
  CHECK(post(R"({"topic":"t","value":"v"})").body ==
        "{\"topic\":\"t\",\"seq\":2,\"repeated\":false}\n");
}

TEST_CASE_METHOD(ApiFixture, "NDJSON is answered with a list, with or without its content type") {
  const std::string lines =
      "{\"topic\":\"a\",\"value\":\"1\"}\n\n{\"topic\":\"b\",\"value\":\"2\"}";
  const std::string wanted =
      "{\"messages\":[{\"topic\":\"a\",\"seq\":1,\"repeated\":false},"
      "{\"topic\":\"b\",\"seq\":1,\"repeated\":false}]}\n";
  CHECK(ndjson(lines).body == wanted);
  access_.tails.clear();
  CHECK(post(lines).body == wanted);
  const auto parsed = parse_appended(wanted);
  REQUIRE(parsed.ok());
  CHECK(*parsed == std::vector<Appended>{{1, false}, {1, false}});
}

TEST_CASE_METHOD(ApiFixture, "a body is taken whole or not at all; the line at fault is named") {
  const HttpResponse response = ndjson("{\"topic\":\"a\",\"value\":\"1\"}\n{\"topic\":\"a\"}\n");
  CHECK(response.status == 400);
  CHECK_THAT(response.body, Contains("\"line\":2") && Contains("line 2: field \\\"value\\\""));
  CHECK(access_.entries.empty());
  CHECK(post("").status == 400);
  CHECK(post(" \n").status == 400);
  CHECK_THAT(post("{\"topic\":\"a\"}").body, Contains("\"line\":1"));
}

TEST_CASE_METHOD(ApiFixture, "the Idempotency-Key makes a retry a no-op") {
  const std::map<std::string, std::string> headers{{"idempotency-key", "k"}};
  CHECK_THAT(post(R"({"topic":"t","value":"v"})", headers).body, Contains("\"repeated\":false"));
  CHECK_THAT(post(R"({"topic":"t","value":"v"})", headers).body,
             Contains("\"seq\":1") && Contains("\"repeated\":true"));
  const std::string lines =
      "{\"topic\":\"t\",\"value\":\"v\"}\n{\"topic\":\"t\",\"value\":\"v\",\"id\":\"own\"}\n";
  ndjson(lines, "b");
  CHECK(access_.ids.contains("b/1"));
  CHECK(access_.ids.contains("own"));
  CHECK_FALSE(access_.ids.contains("b/2"));
  const std::size_t before = access_.entries.size();
  CHECK_THAT(ndjson(lines, "b").body, !Contains("\"repeated\":false"));
  CHECK(access_.entries.size() == before);
}

TEST_CASE_METHOD(ApiFixture, "failures have the right status, a code and a sentence") {
  const std::pair<Code, int> cases[] = {
      {Code::kInvalidArgument, 400}, {Code::kTooLarge, 413},  {Code::kFull, 503},
      {Code::kDiskFull, 503},        {Code::kPoisoned, 503},  {Code::kClosed, 503},
      {Code::kIndeterminate, 500},   {Code::kCorruption, 500}};
  for (const auto& [code, status] : cases) {
    access_.failure = {code, "because"};
    const HttpResponse response = post(R"({"topic":"t","value":"v"})");
    CHECK(response.status == status);
    CHECK((response.retry_after.count() > 0) == (status == 503));
    const Status back = parse_error(response.body);
    CHECK(back.code() == code);
    CHECK(back.message() == "because");
  }
}

TEST_CASE_METHOD(ApiFixture, "status, peek, dead letters and purges come back as they were") {
  post(R"({"topic":"t","key_base64":"/w==","value":"v","headers":[{"name":"a","value":null}]})");
  DeadLetter letter;
  letter.entry = access_.entries[0];
  letter.reason = "too large";
  letter.partition = 2;
  letter.died_at_ms = 99;
  letter.requeued_as = 5;
  access_.dead.push_back(letter);

  const auto stats = parse_stats(call("GET", "/v1/status").body);
  REQUIRE(stats.ok());
  CHECK(stats->outbox_id == "0a1b2c3d");
  CHECK(stats->ledger == access_.stats()->ledger);
  REQUIRE(stats->lanes.size() == 1);
  CHECK(stats->lanes[0].tail == 1);
  CHECK(stats->lanes[0].state == "flowing");

  const auto entries = parse_entries(call("GET", "/v1/peek", {{"topic", "t"}}).body);
  REQUIRE(entries.ok());
  REQUIRE(entries->size() == 1);
  CHECK(entries->at(0).message.key == "\xFF");
  CHECK(entries->at(0).message.headers == letter.entry.message.headers);

  const auto listed = parse_dead_letters(call("GET", "/v1/dead").body);
  REQUIRE(listed.ok());
  CHECK(listed->at(0).reason == "too large");
  CHECK(parse_dead_letters(call("GET", "/v1/dead", {{"topic", "t"}, {"from", "2"}}).body)->empty());
  const auto shown =
      parse_dead_letter(call("GET", "/v1/dead/entry", {{"topic", "t"}, {"seq", "1"}}).body);
  REQUIRE(shown.ok());
  CHECK(shown->requeued_as == 5);
  CHECK(shown->partition == 2);
  CHECK(parse_appended(call("POST", "/v1/dead/requeue", {{"topic", "t"}, {"seq", "1"}}).body)
            ->at(0)
            .seq == 2);

  const auto purged = parse_purge(
      call("POST", "/v1/purge", {{"topic", "t"}, {"through", "1"}, {"who", "me"}}).body);
  REQUIRE(purged.ok());
  CHECK(purged->who == "me");
  CHECK(parse_purges(call("GET", "/v1/purges").body)->size() == 1);
}

TEST_CASE_METHOD(ApiFixture, "pause, resume, accept and drop reach the outbox") {
  call("POST", "/v1/pause", {{"topic", "t"}});
  call("POST", "/v1/resume");
  call("POST", "/v1/accept", {{"topic", "t"}});
  CHECK(call("POST", "/v1/dead/drop", {{"topic", "t"}, {"seq", "3"}, {"who", "me"}}).status == 404);
  CHECK(access_.calls == std::vector<std::string>{"pause t", "resume ", "accept t", "drop t 3 me"});
}

TEST_CASE_METHOD(ApiFixture, "what is not there or not asked for rightly") {
  CHECK(call("GET", "/nope").status == 404);
  CHECK(call("GET", "/v1/messages").status == 405);
  CHECK(call("POST", "/v1/status").status == 405);
  CHECK(call("GET", "/v1/peek").status == 400);
  CHECK(call("GET", "/v1/peek", {{"topic", "absent"}}).status == 404);
  CHECK(call("GET", "/v1/peek", {{"topic", "t"}, {"count", "-1"}}).status == 400);
  CHECK(call("GET", "/v1/dead/entry", {{"topic", "t"}}).status == 400);
  CHECK(call("POST", "/v1/purge").status == 400);
}

TEST_CASE_METHOD(ApiFixture, "a slip of the pen is not taken for all of them") {
  REQUIRE(post(R"({"topic":"t","value":"v"})").status == 200);
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"through", ""}, {"through", "0"}, {"through", "-1"}, {"trough", "1"}}) {
    INFO(name << "=" << value);
    CHECK(call("POST", "/v1/purge", {{"topic", "t"}, {name, value}}).status == 400);
  }
  for (const char* const path : {"/v1/pause", "/v1/resume", "/v1/accept"}) {
    CHECK(call("POST", path, {{"topics", "t"}}).status == 400);
  }
  CHECK(access_.calls.empty());
  CHECK(parse_purges(call("GET", "/v1/purges").body)->empty());
}

TEST_CASE_METHOD(ApiFixture, "health: alive always, ready unless told otherwise") {
  CHECK(call("GET", "/livez").status == 200);
  CHECK(call("GET", "/readyz").body == "ready\n");
  CHECK(call("HEAD", "/readyz").status == 200);
  access_.readiness = {Code::kDiskFull, "no space"};
  CHECK(call("GET", "/readyz").status == 503);
  CHECK_THAT(call("GET", "/readyz").body, Contains("no space"));
  CHECK(call("GET", "/livez").status == 200);
  CHECK_THAT(call("GET", "/metrics").content_type, Contains("version=0.0.4"));
}

TEST_CASE("an answer of somebody else is an error, not a crash") {
  for (const char* bad :
       {"", "{}", "[]", "<html>", R"({"messages":[{"seq":"x"}]})", R"({"ledger":5})"}) {
    CHECK_FALSE(parse_appended(bad).ok());
    CHECK_FALSE(parse_stats(bad).ok());
    CHECK_FALSE(parse_entries(bad).ok());
    CHECK(parse_error(bad).code() == Code::kIoError);
  }
}

}  // namespace
}  // namespace outbox::service
