#include "config/yaml_settings.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <map>

#include "config/secret.h"

namespace leat {

namespace {

// Anchors make small texts expand to enormous trees, and to endless ones.
constexpr size_t settings_max = 20000;
constexpr int depth_max = 8;

using Seen = std::map<std::string, int>;  // key → line

class Flattener {
  public:
    explicit Flattener(const std::string& path) : path_(path) {}

    Result<YamlSettings> flatten(const YAML::Node& root) {
        YamlSettings out;
        if (root.IsNull()) return out;
        if (!root.IsMap()) return invalid(line_of(root), "the file is not a map of keys and values");
        Seen keys, leaves;
        for (auto entry : root) {
            LEAT_ASSIGN(std::string key, take_key(entry.first, "", keys));
            if (key == "sources") {
                out.has_sources = true;
                LEAT_TRY(flatten_groups(entry.second, line_of(entry.first), key, out.sources));
            } else if (key == "consumers") {
                LEAT_TRY(flatten_groups(entry.second, line_of(entry.first), key, out.consumers));
            } else {
                LEAT_TRY(flatten_value(key, entry.second, line_of(entry.first), 1, leaves, out.settings));
            }
        }
        return out;
    }

  private:
    std::unexpected<Error> invalid(int line, std::string_view what) const {
        return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}:{}: {}", path_, line, what));
    }

    static int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

    Result<std::string> take_key(const YAML::Node& node, const std::string& prefix, Seen& seen) const {
        if (!node.IsScalar() || node.Scalar().empty())
            return invalid(line_of(node), "a key is not a plain word");
        std::string key = prefix.empty() ? node.Scalar() : prefix + "." + node.Scalar();
        LEAT_TRY(check_new(key, line_of(node), seen));
        return key;
    }

    Status check_new(const std::string& key, int line, Seen& seen) const {
        auto [first, is_new] = seen.emplace(key, line);
        if (is_new) return {};
        return invalid(line, fmt::format("{} stands here a second time; the first is in line {}",
                                         redact_key(key), first->second));
    }

    Status flatten_groups(const YAML::Node& node, int line, const std::string& what,
                          std::vector<SettingGroup>& out) {
        if (node.IsNull()) return {};
        if (!node.IsMap()) return invalid(line, fmt::format("{0} is not a map of names to {0}", what));
        Seen names;
        for (auto entry : node) {
            SettingGroup group;
            LEAT_ASSIGN(group.name, take_key(entry.first, "", names));
            group.line = line_of(entry.first);
            LEAT_TRY(flatten_group(entry.second, group));
            out.push_back(std::move(group));
        }
        return {};
    }

    Status flatten_group(const YAML::Node& node, SettingGroup& group) {
        if (!node.IsMap()) {
            group.kind = node.IsNull() ? Setting::Kind::none : Setting::Kind::scalar;
            return {};
        }
        Seen leaves;
        return flatten_map("", node, 1, leaves, group.settings);
    }

    Status flatten_map(const std::string& prefix, const YAML::Node& node, int depth, Seen& leaves,
                       std::vector<Setting>& out) {
        Seen keys;
        for (auto entry : node) {
            LEAT_ASSIGN(std::string key, take_key(entry.first, prefix, keys));
            LEAT_TRY(flatten_value(key, entry.second, line_of(entry.first), depth, leaves, out));
        }
        return {};
    }

    Status flatten_value(const std::string& key, const YAML::Node& node, int line, int depth, Seen& leaves,
                         std::vector<Setting>& out) {
        if (depth > depth_max) return invalid(line, "nested too deeply");
        if (++count_ > settings_max) return invalid(line, "too many keys");
        if (node.IsMap() && node.size() > 0) return flatten_map(key, node, depth + 1, leaves, out);
        LEAT_TRY(check_new(key, line, leaves));
        Setting setting{key, Setting::Kind::none, {}, line};
        if (node.IsScalar()) {
            setting.kind = Setting::Kind::scalar;
            setting.values.push_back(node.Scalar());
        } else if (node.IsSequence()) {
            setting.kind = Setting::Kind::list;
            LEAT_TRY(take_items(node, key, setting.values));
        }
        out.push_back(std::move(setting));
        return {};
    }

    Status take_items(const YAML::Node& node, const std::string& key, std::vector<std::string>& out) {
        for (auto item : node) {
            if (++count_ > settings_max) return invalid(line_of(item), "too many keys");
            if (!item.IsScalar())
                return invalid(line_of(item),
                               fmt::format("{}: an item of the list is not a plain value", key));
            out.push_back(item.Scalar());
        }
        return {};
    }

    const std::string& path_;
    size_t count_ = 0;
};

}  // namespace

Result<YamlSettings> parse_yaml_settings(const std::string& text, const std::string& path) {
    try {
        std::vector<YAML::Node> documents = YAML::LoadAll(text);
        if (documents.empty()) return YamlSettings{};
        if (documents.size() > 1)
            return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: holds more than one YAML document", path),
                        "Keep one; --- separates documents.");
        return Flattener(path).flatten(documents.front());
    } catch (const YAML::Exception& error) {
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("{}:{}:{}: not YAML: {}", path, error.mark.line + 1, error.mark.column + 1,
                                error.msg));
    }
}

}  // namespace leat
