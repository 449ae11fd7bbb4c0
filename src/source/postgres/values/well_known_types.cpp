#include "source/postgres/values/well_known_types.h"

#include <array>

namespace leat::pg {

namespace {

constexpr WellKnownType types[] = {
    {16, 1000, "bool", Kind::boolean},
    {17, 1001, "bytea", Kind::bytes},
    {18, 1002, "char"},
    {19, 1003, "name"},
    {20, 1016, "int8", Kind::int64},
    {21, 1005, "int2", Kind::int16},
    {22, 1006, "int2vector"},
    {23, 1007, "int4", Kind::int32},
    {24, 1008, "regproc"},
    {25, 1009, "text"},
    {26, 1028, "oid", Kind::int64},
    {27, 1010, "tid"},
    {28, 1011, "xid"},
    {29, 1012, "cid"},
    {30, 1013, "oidvector"},
    {114, 199, "json", Kind::json},
    {142, 143, "xml", Kind::xml},
    {194, 0, "pg_node_tree"},
    {600, 1017, "point", Kind::point},
    {601, 1018, "lseg"},
    {602, 1019, "path"},
    {603, 1020, "box", Kind::text, ';'},
    {604, 1027, "polygon"},
    {628, 629, "line"},
    {650, 651, "cidr"},
    {700, 1021, "float4", Kind::float32},
    {701, 1022, "float8", Kind::float64},
    {718, 719, "circle"},
    {774, 775, "macaddr8"},
    {790, 791, "money", Kind::decimal},
    {829, 1040, "macaddr"},
    {869, 1041, "inet"},
    {1033, 1034, "aclitem"},
    {1042, 1014, "bpchar"},
    {1043, 1015, "varchar"},
    {1082, 1182, "date", Kind::date},
    {1083, 1183, "time", Kind::time},
    {1114, 1115, "timestamp", Kind::timestamp},
    {1184, 1185, "timestamptz", Kind::timestamp_tz},
    {1186, 1187, "interval", Kind::interval},
    {1266, 1270, "timetz", Kind::time_tz},
    {1560, 1561, "bit", Kind::bits},
    {1562, 1563, "varbit", Kind::bits},
    {1700, 1231, "numeric", Kind::decimal},
    {1790, 2201, "refcursor"},
    {2202, 2207, "regprocedure"},
    {2203, 2208, "regoper"},
    {2204, 2209, "regoperator"},
    {2205, 2210, "regclass"},
    {2206, 2211, "regtype"},
    {2950, 2951, "uuid", Kind::uuid},
    {2970, 2949, "txid_snapshot"},
    {3220, 3221, "pg_lsn"},
    {3361, 0, "pg_ndistinct"},
    {3402, 0, "pg_dependencies"},
    {3614, 3643, "tsvector"},
    {3615, 3645, "tsquery"},
    {3642, 3644, "gtsvector"},
    {3734, 3735, "regconfig"},
    {3769, 3770, "regdictionary"},
    {3802, 3807, "jsonb", Kind::json},
    {3904, 3905, "int4range"},
    {3906, 3907, "numrange"},
    {3908, 3909, "tsrange"},
    {3910, 3911, "tstzrange"},
    {3912, 3913, "daterange"},
    {3926, 3927, "int8range"},
    {4072, 4073, "jsonpath"},
    {4089, 4090, "regnamespace"},
    {4096, 4097, "regrole"},
    {4191, 4192, "regcollation"},
    {4451, 6150, "int4multirange"},
    {4532, 6151, "nummultirange"},
    {4533, 6152, "tsmultirange"},
    {4534, 6153, "tstzmultirange"},
    {4535, 6155, "datemultirange"},
    {4536, 6157, "int8multirange"},
    {4600, 0, "pg_brin_bloom_summary"},
    {4601, 0, "pg_brin_minmax_multi_summary"},
    {5017, 0, "pg_mcv_list"},
    {5038, 5039, "pg_snapshot"},
    {5069, 271, "xid8"},
    {705, 0, "unknown"},
    {2249, 2287, "record"},
    {2275, 1263, "cstring"},
    {2278, 0, "void"},
};

struct ExtensionType {
    std::string_view name;
    Kind kind;
};
// hstore, PostGIS, pgvector.
constexpr ExtensionType extension_types[] = {
    {"hstore", Kind::map},    {"geometry", Kind::geometry}, {"geography", Kind::geometry},
    {"vector", Kind::vector}, {"halfvec", Kind::vector},
};

}  // namespace

std::span<const WellKnownType> well_known_types() { return types; }

Kind extension_kind(std::string_view type_name) {
    for (const ExtensionType& type : extension_types)
        if (type.name == type_name) return type.kind;
    return Kind::text;
}

}  // namespace leat::pg
