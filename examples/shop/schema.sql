-- A small shop with a few customers and products. sell.sh keeps it busy.

CREATE TYPE customer_tier AS ENUM ('basic', 'silver', 'gold');
CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'delivered');

CREATE TABLE customers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    name       text NOT NULL,
    tier       customer_tier NOT NULL DEFAULT 'basic',
    interests  text[] NOT NULL DEFAULT '{}',
    settings   jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
    sku        text PRIMARY KEY,
    name       text NOT NULL,
    price      numeric(10, 2) NOT NULL CHECK (price > 0),
    stock      integer NOT NULL CHECK (stock >= 0),
    attributes jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    status      order_status NOT NULL DEFAULT 'new',
    total       numeric(12, 2),
    note        text,
    placed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    shipped_on  date
);

-- The old row goes into the WAL too, so that an update can be shown as old → new.
ALTER TABLE products REPLICA IDENTITY FULL;
ALTER TABLE orders REPLICA IDENTITY FULL;

CREATE TABLE order_items (
    order_id   bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    line       smallint NOT NULL,
    sku        text NOT NULL REFERENCES products,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);

INSERT INTO customers (email, name, tier, interests, settings) VALUES
    ('ada@example.com', 'Ada Nkosi', 'gold', '{tea,books}', '{"newsletter": true, "language": "en"}'),
    ('bruno@example.com', 'Bruno Álvarez', 'basic', '{coffee}', NULL),
    ('chiyo@example.com', '千代 Mori', 'silver', '{tea,ceramics}', '{"newsletter": false}'),
    ('dilan@example.com', 'Dilan Kaya', 'basic', '{}', NULL),
    ('elena@example.com', 'Elena Novák', 'basic', '{books,"board games"}', '{"language": "cs"}'),
    ('farid@example.com', 'Farid O''Brien', 'silver', '{coffee,music}', '{"newsletter": true}');

INSERT INTO products (sku, name, price, stock, attributes) VALUES
    ('TEA-SEN-100', 'Sencha, 100 g', 8.90, 60, '{"origin": "Uji", "organic": true}'),
    ('TEA-EGR-250', 'Earl Grey, 250 g', 12.50, 80, '{"organic": false}'),
    ('COF-ETH-500', 'Coffee from Sidamo, 500 g', 17.20, 50, '{"roast": "light", "origin": "Ethiopia"}'),
    ('COF-DEC-250', 'Decaf, 250 g', 9.75, 40, '{"roast": "medium"}'),
    ('CUP-WHT-02', 'Two white cups', 24.00, 30, '{"material": "porcelain", "ml": 220}'),
    ('POT-CST-08', 'Cast iron pot, 0.8 l', 64.90, 12, '{"material": "iron", "ml": 800}'),
    ('BOO-TEA-01', 'The Book of Tea', 11.00, 25, '{"pages": 154, "languages": ["en", "ja"]}'),
    ('GAM-GO-19', 'Go board, 19 lines', 89.00, 8, '{"material": "bamboo"}');
