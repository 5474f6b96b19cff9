#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/settings.h"
#include "cli/signals.h"
#include "service/api.h"
#include "service/endpoint.h"
#include "service/http_server.h"
#include "service/listener.h"
#include "service/sidecar.h"

namespace outbox::cli {
namespace {

using service::Scope;

constexpr std::chrono::milliseconds kTick{1'000};

/// The endpoint file, for as long as somebody listens there.
class EndpointFile {
 public:
  explicit EndpointFile(std::filesystem::path dir) : dir_(std::move(dir)) {}
  ~EndpointFile() { service::remove_endpoint_file(dir_); }
  EndpointFile(const EndpointFile&) = delete;
  EndpointFile& operator=(const EndpointFile&) = delete;

 private:
  const std::filesystem::path dir_;
};

bool loopback(const service::Endpoint& endpoint) {
  return endpoint.is_unix() || endpoint.host == "localhost" || endpoint.host == "::1" ||
         endpoint.host.starts_with("127.");
}

Status serve(const service::Config& config, const service::Endpoint& wanted, StopSignal& stop) {
  const Log log = config.store.logger;
  auto sidecar = service::Sidecar::start(config, log);
  if (!sidecar.ok()) return sidecar.status();
  const service::Api api(**sidecar, **sidecar);

  auto listener = service::Listener::open(wanted);
  if (!listener.ok()) return listener.status();
  auto server = service::HttpServer::start(
      std::move(*listener), config.http,
      [&api](const service::HttpRequest& request) { return api.handle(request); }, log);
  if (!server.ok()) return server.status();
  const service::Endpoint& endpoint = (*server)->endpoint();
  if (Status status = service::write_endpoint_file(config.dir, endpoint); !status.ok()) {
    return status;
  }
  auto file = std::make_unique<EndpointFile>(config.dir);
  if (!loopback(endpoint)) {
    log->warn("{} is open to the network, and there is no authentication", endpoint.text());
  }
  log->info("relaying {} to {}, listening on {}", config.dir.string(),
            config.relay.bootstrap_servers, endpoint.text());

  while (!stop.wait_for(kTick)) (*sidecar)->tick();

  log->info("stopping: nothing new is accepted, what is in flight may finish (up to {} s)",
            config.relay.stop_deadline_ms.count() / 1'000);
  (*sidecar)->stop_intake();
  file.reset();
  (*server)->stop();
  (*sidecar)->stop();
  log->info("stopped");
  return {};
}

int run(const Settings& settings) {
  const auto config = settings.load();
  if (!config.ok()) return report(config.status(), Phase::kSetup);
  const auto endpoint = config->http.listen.empty() ? service::default_endpoint(config->dir)
                                                    : service::parse_endpoint(config->http.listen);
  if (!endpoint.ok()) return report(endpoint.status(), Phase::kSetup);
  StopSignal stop;
  return report(serve(*config, *endpoint, stop), Phase::kSetup);
}

constexpr const char* kExamples =
    "Examples:\n"
    "  outbox-relay run --dir /var/lib/outbox --bootstrap-servers kafka1:9092,kafka2:9092\n"
    "  outbox-relay run --config /etc/outbox.toml --listen 127.0.0.1:8080\n"
    "  outbox-relay run --dir D --bootstrap-servers B -X security.protocol=sasl_ssl \\\n"
    "      -X sasl.password_file=/run/secrets/kafka\n"
    "  curl --unix-socket /var/lib/outbox/relay.sock http://localhost/readyz\n"
    "SIGTERM stops it cleanly; SIGKILL at any moment loses nothing.";

}  // namespace

void add_run(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("run", "Drain an outbox to Kafka and accept messages");
  command->footer(kExamples);
  const Settings settings(*command, {Scope::kCommon, Scope::kStore, Scope::kRelay, Scope::kHttp});
  command->callback(
      [&context, settings] { context.action = [settings] { return run(settings); }; });
}

}  // namespace outbox::cli
