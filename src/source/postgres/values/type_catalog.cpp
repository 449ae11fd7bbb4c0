#include "source/postgres/values/type_catalog.h"

#include <fmt/format.h>

#include <charconv>

#include "source/postgres/values/nested_text.h"
#include "source/postgres/values/type_queries.h"
#include "source/postgres/values/well_known_types.h"

namespace leat::pg {

namespace {

Status row_error() {
    return fail(ErrorCode::PG_QUERY, "a catalog query returned rows that Leat cannot read");
}

template <class T>
bool read_number(const Cell& cell, T& value) {
    if (!cell) return false;
    auto [end, error] = std::from_chars(cell->data(), cell->data() + cell->size(), value);
    return error == std::errc() && end == cell->data() + cell->size();
}

int32_t length_of(int32_t typmod) { return typmod >= 4 ? typmod - 4 : -1; }  // VARHDRSZ is counted in

// What a column's modifier says of a base type. pg_attribute.atttypmod is coded by each type's typmodin.
void apply_typmod(Type& type, int32_t typmod) {
    if (typmod < 0) return;
    uint32_t bits = static_cast<uint32_t>(typmod - 4);
    switch (type.native_id) {
        case oid::numeric:
            type.precision = static_cast<int32_t>(bits >> 16 & 0xffff);
            type.scale = static_cast<int32_t>((bits & 0x7ff) ^ 1024) - 1024;  // 11 bits with sign since 15
            return;
        case oid::varchar:
        case oid::bpchar:
            type.precision = length_of(typmod);
            return;
        case oid::interval:
            // The upper half says which fields are kept; 0xffff is no precision.
            type.precision = (typmod & 0xffff) == 0xffff ? -1 : typmod & 0xffff;
            return;
        default:
            break;
    }
    bool counted = type.kind == Kind::time || type.kind == Kind::time_tz || type.kind == Kind::timestamp ||
                   type.kind == Kind::timestamp_tz || type.kind == Kind::bits || type.kind == Kind::vector;
    if (counted) type.precision = typmod;
}

}  // namespace

std::string oid_array(std::span<const uint32_t> oids) { return fmt::format("{{{}}}", fmt::join(oids, ",")); }

// Makes one column's type; counts how much of it there is.
class TypeCatalog::Resolver {
  public:
    explicit Resolver(const Entries& entries) : entries_(entries) {}

    Type resolve(uint32_t oid, int32_t typmod, int depth) {
        ++types_;
        auto found = entries_.find(oid);
        // A domain over a domain over itself cannot be, but a catalog is bytes from outside.
        for (int i = 0; found != entries_.end() && found->second.typtype == 'd' && i < depth_max; ++i) {
            if (typmod < 0) typmod = found->second.base_typmod;
            oid = found->second.base;
            found = entries_.find(oid);
        }
        Type type;
        type.native_id = oid;
        if (found == entries_.end()) {
            type.native_name = fmt::format("oid:{}", oid);
            return type;
        }
        const Entry& entry = found->second;
        type.native_name = entry.name;
        if (entry.element != 0) {
            resolve_array(entry, typmod, depth, type);
        } else if (entry.typtype == 'c') {
            resolve_composite(entry, depth, type);
        } else {
            type.kind = entry.kind;
            type.labels = entry.labels;
            apply_typmod(type, typmod);
            if (oid == oid::money) type.precision = 19, type.scale = 2;
        }
        return type;
    }

  private:
    bool too_much(int depth) const { return depth + 1 >= depth_max || types_ > types_max; }

    void resolve_array(const Entry& entry, int32_t typmod, int depth, Type& type) {
        if (too_much(depth)) return;
        Type element = resolve(entry.element, typmod, depth + 1);
        // The decoder knows the delimiter by the element's type; an array with another one stays text.
        auto found = entries_.find(entry.element);
        if (found != entries_.end() && found->second.delimiter != array_delimiter(element)) return;
        type.kind = Kind::array;
        type.element = std::make_shared<const Type>(std::move(element));
    }

    void resolve_composite(const Entry& entry, int depth, Type& type) {
        if (too_much(depth) || types_ + entry.attributes.size() > types_max) return;
        type.kind = Kind::composite;
        for (const Attribute& attribute : entry.attributes)
            type.fields.push_back({attribute.name, resolve(attribute.type, attribute.typmod, depth + 1)});
    }

    const Entries& entries_;
    size_t types_ = 0;
};

TypeCatalog::TypeCatalog() {
    for (const WellKnownType& type : well_known_types()) {
        Entry entry;
        entry.name = type.name;
        entry.kind = type.kind;
        entry.delimiter = type.delimiter;
        entry.well_known = true;
        entries_.emplace(type.oid, entry);
        if (type.array_oid == 0) continue;
        Entry array;
        array.name = "_" + entry.name;
        array.element = type.oid;
        array.well_known = true;
        entries_.emplace(type.array_oid, std::move(array));
    }
}

Type TypeCatalog::resolve(uint32_t oid, int32_t typmod) const {
    return Resolver(entries_).resolve(oid, typmod, 0);
}

const std::string* TypeCatalog::domain_name(uint32_t oid) const {
    auto found = entries_.find(oid);
    return found != entries_.end() && found->second.typtype == 'd' ? &found->second.name : nullptr;
}

Status TypeCatalog::load(std::span<const uint32_t> oids, const RunQuery& run) {
    Entries read;
    LEAT_TRY(run(types_query, oid_array(oids), [&](CatalogRow row) { return read_type(row, read); }));
    std::vector<uint32_t> enums, composites;
    for (const auto& [oid, entry] : read) {
        if (entry.typtype == 'e') enums.push_back(oid);
        if (entry.typtype == 'c') composites.push_back(oid);
    }
    if (!enums.empty())
        LEAT_TRY(
            run(enum_labels_query, oid_array(enums), [&](CatalogRow row) { return read_label(row, read); }));
    if (!composites.empty())
        LEAT_TRY(run(attributes_query, oid_array(composites),
                     [&](CatalogRow row) { return read_attribute(row, read); }));
    for (auto& [oid, entry] : read) {
        Entry& known = entries_[oid];
        if (!known.well_known) known = std::move(entry);
    }
    return {};
}

Status TypeCatalog::read_type(CatalogRow row, Entries& to) {
    Entry entry;
    uint32_t oid = 0;
    bool ok = row.size() == types_query_columns && read_number(row[0], oid) && row[1] && row[2] &&
              row[2]->size() == 1 && read_number(row[3], entry.element) && row[4] && row[4]->size() == 1 &&
              read_number(row[5], entry.base) && read_number(row[6], entry.base_typmod);
    if (!ok) return row_error();
    entry.name = *row[1];
    entry.typtype = row[2]->front();
    entry.delimiter = row[4]->front();
    if (entry.typtype == 'e') entry.kind = Kind::enumeration;
    if (entry.typtype == 'b' && entry.element == 0) entry.kind = extension_kind(entry.name);
    to.insert_or_assign(oid, std::move(entry));
    return {};
}

Status TypeCatalog::read_label(CatalogRow row, Entries& to) {
    uint32_t oid = 0;
    if (row.size() != 2 || !read_number(row[0], oid) || !row[1]) return row_error();
    if (auto found = to.find(oid); found != to.end()) found->second.labels.emplace_back(*row[1]);
    return {};
}

Status TypeCatalog::read_attribute(CatalogRow row, Entries& to) {
    uint32_t oid = 0;
    Attribute attribute;
    bool ok = row.size() == 4 && read_number(row[0], oid) && row[1] && read_number(row[2], attribute.type) &&
              read_number(row[3], attribute.typmod);
    if (!ok) return row_error();
    attribute.name = *row[1];
    if (auto found = to.find(oid); found != to.end())
        found->second.attributes.push_back(std::move(attribute));
    return {};
}

}  // namespace leat::pg
