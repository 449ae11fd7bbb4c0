// Rows for people: columns as wide as they have to be, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace leat::cli {

class TextTable {
  public:
    // A name that begins with '>' is a column of numbers.
    explicit TextTable(std::vector<std::string> columns);
    void add(std::vector<std::string> row);
    bool empty() const { return rows_.empty(); }
    // Lines without spaces at their ends.
    std::string render() const;

  private:
    std::vector<std::string> columns_;
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace leat::cli
