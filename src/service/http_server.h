#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "service/config.h"
#include "service/connection.h"
#include "service/http_front.h"
#include "service/http_types.h"
#include "service/listener.h"
#include "service/worker_pool.h"

namespace outbox::service {

/// An HTTP server whose idle and slow clients cost no thread: one loop thread
/// accepts and waits until a request's headers are complete, then hands the
/// connection to a pool. GETs have a pool of their own, so that health checks
/// are answered while every other thread waits for a disk.
class HttpServer {
 public:
  /// Starts at once. The handler outlives the server. kIoError.
  static Result<std::unique_ptr<HttpServer>> start(std::unique_ptr<Listener> listener,
                                                   const HttpOptions& options, HttpHandler handler,
                                                   Log log);
  /// stop().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Accepts nothing any more, closes idle connections, waits for the requests
  /// being served. Idempotent; not concurrently.
  void stop();

  const Endpoint& endpoint() const { return listener_->endpoint(); }

 private:
  using ConnectionPtr = std::unique_ptr<Connection>;

  HttpServer(std::unique_ptr<Listener> listener, const HttpOptions& options, HttpHandler handler,
             Log log);
  void loop();
  void accept_all();
  void pause_accepting(std::int64_t until_ms);
  void receive(int fd);
  void dispatch(ConnectionPtr connection);
  void park(ConnectionPtr connection);
  void take_back();
  void close_expired();
  void close_idle(std::size_t keep);
  void watch(int operation, int fd);
  void give_back(ConnectionPtr connection);

  const HttpOptions options_;
  const Log log_;
  const SystemClock clock_;
  std::unique_ptr<Listener> listener_;
  HttpFront front_;
  Fd epoll_;
  Fd wake_;
  std::atomic<bool> stopping_{false};

  // Of the loop thread only. Idle connections, the longest idle first.
  std::list<ConnectionPtr> idle_;
  std::unordered_map<int, std::list<ConnectionPtr>::iterator> by_fd_;
  std::size_t serving_ = 0;
  bool accepting_ = true;
  std::int64_t accept_again_ms_ = 0;

  std::mutex mutex_;
  std::vector<ConnectionPtr> returned_;  ///< null: closed

  std::unique_ptr<WorkerPool> readers_;
  std::unique_ptr<WorkerPool> writers_;
  std::thread thread_;
};

}  // namespace outbox::service
