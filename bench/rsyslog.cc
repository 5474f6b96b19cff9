#include "rsyslog.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <thread>

#include "kafka/properties.h"
#include "measure.h"
#include "service/fd.h"

namespace outbox::bench {
namespace {

constexpr const char* kProgram = "/usr/sbin/rsyslogd";
constexpr double kStartSecondsMax = 20;
constexpr std::size_t kWriteBytes = 64 * 1'024;
// A full queue drops messages, omkafka's after it says "suspended" for each: neither is asked.
constexpr const char* kQueueEntries = "100000000";
constexpr const char* kLibrdkafkaEntries = "10000000";

bool of_the_topic(const std::string& name) {
  return name == "acks" || name == "message.timeout.ms";
}

/// omkafka sets these itself, or has no use for events.
bool left_out(const std::string& name) {
  return name == "bootstrap.servers" || name.starts_with("log.") ||
         name == "queue.buffering.max.messages";
}

std::string list(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) text += (text.size() > 1 ? ", \"" : "\"") + word + '"';
  return text + "]";
}

/// False: nobody reads any more.
bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Empty: nobody listens.
service::Fd connected(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path) die("the path of --dir is too long");
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  service::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(fd.get(), to, sizeof address) == 0 ? std::move(fd) : service::Fd();
}

}  // namespace

bool Rsyslog::installed() {
  if (!std::filesystem::exists(kProgram)) return false;
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib")) {
    if (std::filesystem::exists(folder.path() / "rsyslog" / "omkafka.so")) return true;
  }
  return false;
}

Rsyslog::Rsyslog(const Site& site, Queue queue) : site_(site) {
  std::filesystem::create_directories(site_.dir / "spool");
  configure(queue);
  start();
}

void Rsyslog::configure(Queue queue) const {
  std::vector<std::string> global{"queue.buffering.max.messages=" +
                                  std::string(kLibrdkafkaEntries)};
  std::vector<std::string> topic;
  const auto properties = value_of(kafka::producer_properties(site_.options, kafka::Role::kMain));
  for (const auto& [name, value] : properties) {
    if (!left_out(name)) (of_the_topic(name) ? topic : global).push_back(name + "=" + value);
  }
  const std::string dir = site_.dir.string();
  std::ofstream out(site_.dir / "rsyslog.conf");
  out << "global(workDirectory=\"" << dir << "/spool\" maxMessageSize=\"64k\")\n"
      << "module(load=\"imptcp\")\n"
      << "module(load=\"omkafka\")\n"
      << "template(name=\"value\" type=\"string\" string=\"%rawmsg%\")\n"
      << "ruleset(name=\"relay\" queue.type=\"Disk\" queue.filename=\"relay\" queue.size=\""
      << kQueueEntries << '"'
      << (queue == Queue::kSynced ? " queue.syncQueueFiles=\"on\" queue.checkpointInterval=\"1\""
                                  : "")
      << ") {\n  action(type=\"omkafka\" template=\"value\" topic=\"" << site_.topic
      << "\" broker=" << list({site_.options.bootstrap_servers}) << " partitions.auto=\"on\"\n"
      << "    resubmitOnFailure=\"on\" keepFailedMessages=\"on\" failedMsgFile=\"" << dir
      << "/spool/failed\"\n    action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\"\n"
      << "    confParam=" << list(global) << "\n    topicConfParam=" << list(topic) << ")\n}\n"
      << "input(type=\"imptcp\" path=\"" << socket_path().string()
      << "\" unlink=\"on\" supportOctetCountedFraming=\"off\" ruleset=\"relay\")\n";
  if (!out.flush()) die("cannot write rsyslog.conf");
}

void Rsyslog::start() {
  std::filesystem::remove(socket_path());
  std::filesystem::remove(site_.dir / "pid");
  process_ = std::make_unique<Child>(
      std::vector<std::string>{kProgram, "-n", "-f", (site_.dir / "rsyslog.conf").string(), "-i",
                               (site_.dir / "pid").string()},
      site_.dir / "log");
  const StopWatch watch;
  while (!connected(socket_path())) {
    if (!process_->running() || watch.seconds() > kStartSecondsMax) {
      die("rsyslogd does not listen; see " + (site_.dir / "log").string());
    }
    std::this_thread::sleep_for(kIdle);
  }
}

void Rsyslog::accept(Feed& feed, std::atomic<std::uint64_t>& accepted) {
  const service::Fd to = connected(socket_path());
  const std::uint64_t before = accepted;
  std::uint64_t sent = 0;
  std::size_t line_bytes = 1;
  // What it has not read yet is not its fault; the kernel counts that generously.
  const auto unread = [&] {
    int bytes = 0;
    ::ioctl(to.get(), SIOCOUTQ, &bytes);
    const auto lines = static_cast<std::uint64_t>(bytes) / line_bytes;
    if (lines < sent) accepted = std::max(accepted.load(), before + sent - lines);
    return bytes;
  };
  std::string lines;
  while (feed.more()) {
    lines.clear();
    while (lines.size() < kWriteBytes) {
      const std::string& value = feed.next();
      line_bytes = value.size() + 1;
      lines += value;
      lines += '\n';
    }
    if (!send_all(to.get(), lines)) return;
    sent += lines.size() / line_bytes;
    unread();
  }
  while (unread() > 0) std::this_thread::sleep_for(kIdle);
}

}  // namespace outbox::bench
