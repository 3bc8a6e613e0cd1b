"""Tables and longer statements of the spool. What was added to its first three leaves the files of then as they are."""

TABLES = """
CREATE TABLE IF NOT EXISTS news (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, project TEXT NOT NULL, payload BLOB NOT NULL, failed TEXT);
CREATE TABLE IF NOT EXISTS applied (
    project TEXT NOT NULL, annotation TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (project, annotation));
CREATE TABLE IF NOT EXISTS names (project TEXT PRIMARY KEY, uid TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS news_failed ON news (failed);
CREATE INDEX IF NOT EXISTS news_project ON news (project);
CREATE TABLE IF NOT EXISTS tries (
    seq INTEGER PRIMARY KEY, tries INTEGER NOT NULL, due REAL NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS about (
    seq INTEGER NOT NULL, annotation TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (seq, annotation));
CREATE INDEX IF NOT EXISTS about_annotation ON about (annotation);
CREATE TABLE IF NOT EXISTS stores (restored TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS news_gone AFTER DELETE ON news BEGIN
    DELETE FROM tries WHERE seq = OLD.seq;
    DELETE FROM about WHERE seq = OLD.seq;
END;
"""

TRIED = """
INSERT INTO tries VALUES (:seq, 1, :now + :first, :reason) ON CONFLICT (seq) DO UPDATE SET
tries = tries + 1, due = :now + min(:most, :first * (1 << min(tries, 30))), reason = :reason
"""
OUTDATED = """
DELETE FROM news WHERE project = :project AND failed IS NOT NULL
AND seq IN (SELECT old.seq FROM about old JOIN about new USING (annotation) WHERE new.seq = :seq AND old.seq <> :seq)
AND NOT EXISTS (SELECT 1 FROM about old WHERE old.seq = news.seq AND NOT EXISTS (
    SELECT 1 FROM about new WHERE new.seq = :seq AND new.annotation = old.annotation AND new.version >= old.version))
"""
