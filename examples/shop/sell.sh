#!/usr/bin/env bash
# sell.sh [PSQL OPTION...]: keeps the shop of schema.sql busy, with about four changed rows a second, until it is
# stopped or the server goes away. The options say which database, as psql takes them.
#
#   SHOP_PAUSE   seconds between two transactions (0.8)
#   PSQL         the psql to use
set -euo pipefail
pause=${SHOP_PAUSE:-0.8}

pick_customer='SELECT id FROM customers ORDER BY random() LIMIT 1'

# An order of one to three products: it, its lines, the products' stock, and its total in one transaction.
order() { # order COMMIT|ROLLBACK
    local notes=('NULL' 'NULL' 'NULL' "'a gift, please wrap it'" "'ring twice'")
    cat <<SQL
BEGIN;
INSERT INTO orders (customer_id, note) VALUES (($pick_customer), ${notes[RANDOM % 5]}) RETURNING id AS order_id \gset
INSERT INTO order_items (order_id, line, sku, quantity, unit_price)
    SELECT :order_id, row_number() OVER (), sku, 1 + floor(random() * 2)::int, price
    FROM (SELECT sku, price FROM products WHERE stock > 1 ORDER BY random() LIMIT $((RANDOM % 3 + 1))) AS chosen;
UPDATE products SET stock = stock - quantity FROM order_items i WHERE i.order_id = :order_id AND i.sku = products.sku;
UPDATE orders SET total = (SELECT sum(quantity * unit_price) FROM order_items WHERE order_id = :order_id)
    WHERE id = :order_id;
$1;
SQL
}

progress_order() {
    cat <<'SQL'
UPDATE orders SET
    status = CASE status WHEN 'new' THEN 'paid' WHEN 'paid' THEN 'shipped' ELSE 'delivered' END::order_status,
    shipped_on = CASE status WHEN 'paid' THEN current_date ELSE shipped_on END
WHERE id = (SELECT id FROM orders WHERE status <> 'delivered' ORDER BY random() LIMIT 1);
SQL
}

# The rows of its lines go with it.
cancel_order() {
    echo "DELETE FROM orders WHERE id = (SELECT id FROM orders WHERE status = 'new' ORDER BY random() LIMIT 1);"
}

# Keeps the shop small however long it is open.
forget_orders() {
    echo "DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY id DESC OFFSET 200 LIMIT 2);"
}

restock() {
    echo "UPDATE products SET stock = stock + 50 WHERE sku = (SELECT sku FROM products ORDER BY stock LIMIT 1);"
}

reprice() {
    cat <<'SQL'
UPDATE products SET price = round(price * (0.95 + random() * 0.1)::numeric, 2)
WHERE sku = (SELECT sku FROM products ORDER BY random() LIMIT 1);
SQL
}

new_customer() {
    local first=(Gita Hugo Ines Jonas Kemal Lucia Mbali Noor Otto Priya) last=(Silva Weber Tanaka Okoro Rossi Lund)
    local name="${first[RANDOM % 10]} ${last[RANDOM % 6]}"
    cat <<SQL
INSERT INTO customers (email, name, interests)
VALUES ('${name// /.}.$RANDOM@example.com', '$name', '{tea}') ON CONFLICT DO NOTHING;
SQL
}

change_customer() {
    cat <<SQL
UPDATE customers SET
    tier = (enum_range(NULL::customer_tier))[1 + floor(random() * 3)::int],
    settings = coalesce(settings, '{}') || '{"newsletter": $([ $((RANDOM % 2)) = 0 ] && echo true || echo false)}'
WHERE id = ($pick_customer);
SQL
}

while :; do
    case $((RANDOM % 100)) in
    [0-9] | [1-3][0-9]) order COMMIT ;;
    4[0-3]) order ROLLBACK ;;
    4[4-9] | [5-6][0-9]) progress_order ;;
    7[0-4]) cancel_order ;;
    7[5-9]) forget_orders ;;
    8[0-5]) restock ;;
    8[6-9]) reprice ;;
    9[0-4]) new_customer ;;
    *) change_customer ;;
    esac
    sleep "$pause"
done | "${PSQL:-psql}" -XqAt "$@" >/dev/null
