CREATE TABLE schema (version INTEGER PRIMARY KEY) WITHOUT ROWID;
INSERT INTO schema VALUES (1);
CREATE TABLE row (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO row VALUES ('bucket/i/etsOUglV8e6_vxwxpaGLYc3vt0uGzsUofGgfSpuo2-8', '{"count":2,"ends_at":1795792463}');
INSERT INTO row VALUES ('bucket/p/etsOUglV8e6_vxwxpaGLYc3vt0uGzsUofGgfSpuo2-8/dx70gWkf1xlcLvp4', '{"count":2,"ends_at":1795789763}');
INSERT INTO row VALUES ('login/etsOUglV8e6_vxwxpaGLYc3vt0uGzsUofGgfSpuo2-8', '{"owner":"usr_UtQaPNA9gU9KYSs8Hco-Cg","name":"ada@example.com"}');
CREATE TABLE _cf_METADATA ( key INTEGER PRIMARY KEY, value BLOB );
INSERT INTO _cf_METADATA VALUES (1, 1795875263000000000);
