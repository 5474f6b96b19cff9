#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace outbox::bench {

/// A connection; what SQLite refuses ends the program. One thread.
class Sqlite {
 public:
  explicit Sqlite(const std::filesystem::path& file);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  void run(const char* sql);

  /// A prepared statement, of a connection that outlives it.
  class Statement {
   public:
    Statement(Sqlite& db, const char* sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int index, std::int64_t value);
    /// `value` must stay until the statement has run.
    Statement& bind(int index, std::string_view value);
    /// True: a row is there.
    bool step();
    std::int64_t integer(int column) const;
    /// Good until the next step.
    std::string_view blob(int column) const;
    /// Ready to run again.
    void reset();
    /// Runs a statement without rows.
    void run();

   private:
    sqlite3* const db_;
    sqlite3_stmt* statement_ = nullptr;
  };

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace outbox::bench
