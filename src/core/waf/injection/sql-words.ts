// Words of SQL and their classes, written from the manuals of MySQL, PostgreSQL, SQL Server, Oracle and SQLite. The table
// is built once; a look-up folds case, compares bytes in place and allocates nothing.
import { sqlFunctions, sqlSharedFunctions } from "./sql-functions.ts";

/** How a word may stand: what it is apart from its class. Bits. */
export const wordTraits = {
  /** Plain English as well: a function only right before "(". */
  shared: 1,
  /** A name that becomes a function when "(" follows, and only then. */
  callable: 2,
  /** More than one word. */
  phrase: 4,
  /** May stand before a value without another to its left. */
  unary: 8,
  /** Ends up in a phrase only: a bare word by itself. */
  part: 16,
  /** A function that waits, reads files, runs programs or leaks by its errors: no page asks for it by name. */
  hostile: 32,
  /** A statement's first word that prose does not use. */
  foreign: 64,
} as const;

export interface WordEntry {
  readonly text: string;
  /** Character code of the class. */
  readonly type: number;
  readonly traits: number;
}

const classes: Readonly<Record<string, string>> = {
  E: "SELECT INSERT UPDATE CREATE CASE EXECUTE",
  T: `ALTER ATTACH BEGIN CALL DEALLOCATE DECLARE DELETE DETACH DROP EXEC GRANT MERGE PRAGMA PRINT REVOKE SHUTDOWN TRUNCATE
    WAITFOR BACKUP DBCC RECONFIGURE`,
  U: "UNION EXCEPT INTERSECT MINUS",
  B: "LIMIT HAVING",
  A: "COLLATE",
  "&": "AND OR XOR",
  o: `BETWEEN DIV IS ISNULL LIKE MOD NOT NOTNULL OVERLAPS REGEXP RLIKE`,
  k: `ADD AFTER ANALYSE ANALYZE ANY AS ASC ASENSITIVE BEFORE BOTH BROWSE BULK CASCADE CHANGE CHECK CHECKPOINT
    CLUSTERED COLUMN COMMIT COMPUTE CONDITION CONSTRAINT CONTAINS CONTAINSTABLE CONTINUE CURSOR DATABASES DEC DEFAULT
    DELAYED DENY DESC DESCRIBE DETERMINISTIC DISK DISTINCT DISTINCTROW DISTRIBUTED DUAL DUMMY DUMP EACH ELSE ELSEIF
    ELSIF ENCLOSED ERRLVL ESCAPE ESCAPED EXCLUSIVE EXIT EXPLAIN EXTERNAL FETCH FILE FILLFACTOR FOR FORCE
    FOREIGN FREETEXT FREETEXTTABLE FROM FULL FULLTEXT FUNCTION GOTO HANDLER HIGH_PRIORITY HOLDLOCK IDENTIFIED
    IDENTITYCOL IGNORE IMMEDIATE IN INDEX INDEXED INFILE INITIAL INNER INOUT INSENSITIVE INTO ITERATE JOIN KEY KEYS
    KILL LEADING LEAVE LINEAR LINENO LINES LOAD LOCK LONG LOOP LOW_PRIORITY MATCH MAXVALUE MLSLABEL MODIFIES
    NATURAL NOAUDIT NOCHECK NOCOMPRESS NONCLUSTERED NOWAIT OFFSETS ON ONLY OPENDATASOURCE OPENQUERY OPENROWSET OPENXML
    OPTIMIZE OPTION OPTIONALLY OUT OUTFILE DUMPFILE OVER PCTFREE PERCENT PIVOT PRECISION PREPARE PRIMARY PRIOR
    PRIVILEGES PROC PROCEDURE PUBLIC PURGE RAISERROR READTEXT READS REFERENCES REINDEX RELEASE RENAME REQUIRE RESIGNAL
    RESTORE RESTRICT RETURN RETURNING ROLLBACK ROWCOUNT ROWGUIDCOL SAVE SAVEPOINT SCHEMAS SENSITIVE SEPARATOR
    SET SETUSER SHOW SIGNAL SOME SPATIAL SPECIFIC SQLEXCEPTION SQLSTATE SQLWARNING SQL_BIG_RESULT SQL_CALC_FOUND_ROWS
    SQL_SMALL_RESULT SSL START STARTING STATISTICS STRAIGHT_JOIN TABLESAMPLE TERMINATED TEXTSIZE THEN TO TOP TRAILING
    TRAN TRIGGER TRY TSEQUAL UNDO UNIQUE UNLOCK UNPIVOT UPDATETEXT USAGE USE USING VACUUM VALUES VARYING VIEW WHEN
    WHERE WHILE WINDOW WITH WRITETEXT YEAR_MONTH DAY_HOUR DAY_MICROSECOND DAY_MINUTE DAY_SECOND HOUR_MICROSECOND
    HOUR_MINUTE HOUR_SECOND MINUTE_MICROSECOND MINUTE_SECOND SECOND_MICROSECOND ZEROFILL`,
  t: `BIGINT BIGSERIAL BINARY BIT BLOB BOOL BOOLEAN BYTEA CHARACTER CIDR CLOB DATETIME DATETIME2 DATETIMEOFFSET DECIMAL
    DOUBLE ENUM FLOAT FLOAT4 FLOAT8 HIERARCHYID IMAGE INET INT INT1 INT2 INT3 INT4 INT8 INTEGER JSONB LONGBLOB LONGTEXT
    MACADDR MEDIUMBLOB MEDIUMINT MEDIUMTEXT MIDDLEINT MONEY NCHAR NCLOB NTEXT NUMERIC NVARCHAR NVARCHAR2 REAL REGCLASS
    REGPROC ROWVERSION SERIAL SIGNED SMALLDATETIME SMALLINT SMALLMONEY SMALLSERIAL SQL_VARIANT SYSNAME TEXT TIMESTAMP
    TIMESTAMPTZ TIMETZ TINYBLOB TINYINT TINYTEXT TSQUERY TSVECTOR UNIQUEIDENTIFIER UNSIGNED UROWID VARBINARY VARBIT
    VARCHAR VARCHAR2 VARCHARACTER _ARMSCII8 _ASCII _BIG5 _BINARY _CP1250 _CP1251 _CP1256 _CP1257 _CP850 _CP852 _CP866
    _CP932 _DEC8 _EUCJPMS _EUCKR _GB18030 _GB2312 _GBK _GEOSTD8 _GREEK _HEBREW _HP8 _KEYBCS2 _KOI8R _KOI8U _LATIN1
    _LATIN2 _LATIN5 _LATIN7 _MACCE _MACROMAN _SJIS _SWE7 _TIS620 _UCS2 _UJIS _UTF16 _UTF16LE _UTF32 _UTF8 _UTF8MB3
    _UTF8MB4`,
  1: `TRUE FALSE BINARY_DOUBLE_INFINITY BINARY_DOUBLE_NAN BINARY_FLOAT_INFINITY BINARY_FLOAT_NAN`,
  v: `NULL CURRENT_USER CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP SESSION_USER SYSTEM_USER
    CURRENT_ROLE CURRENT_CATALOG CURRENT_SCHEMA SYSDATE SYSTIMESTAMP ROWNUM UTC_DATE UTC_TIME UTC_TIMESTAMP`,
};

/** Names that are functions only when "(" follows. */
const callables = `USER_ID USER_NAME DATABASE PASSWORD USER CURRENT_USER CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME
  LOCALTIMESTAMP SESSION_USER SYSTEM_USER SYSDATE UTC_DATE UTC_TIME UTC_TIMESTAMP CURRENT_SCHEMA SCHEMA`;

const hostiles = `SLEEP BENCHMARK PG_SLEEP PG_SLEEP_FOR PG_SLEEP_UNTIL DBMS_LOCK.SLEEP DBMS_PIPE.RECEIVE_MESSAGE DBMS_XMLGEN.GETXML DBMS_XMLQUERY.GETXML
  DBMS_JAVA.RUNJAVA DBMS_JAVA_TEST.FUNCALL DBMS_LDAP.INIT EXTRACTVALUE UPDATEXML LOAD_FILE LOAD_EXTENSION GROUP_CONCAT UTL_HTTP.REQUEST
  UTL_INADDR.GET_HOST_ADDRESS UTL_INADDR.GET_HOST_NAME XP_CMDSHELL XP_DIRTREE XP_FILEEXIST XP_REGREAD XP_REGWRITE XP_SUBDIRS PG_READ_FILE PG_LS_DIR
  PG_READ_BINARY_FILE MASTER_POS_WAIT GTID_SUBSET GTID_SUBTRACT QUERY_TO_XML DATABASE_TO_XML RANDOMBLOB CTXSYS.DRITHSX.SN
  ORDSYS.ORD_DICOM.GETMAPPINGXPATH XMLTYPE NAME_CONST`;

const foreigns = "EXEC SHUTDOWN WAITFOR DEALLOCATE DBCC RECONFIGURE PRAGMA";

/** Words that are read as one when they follow each other, and the class of the whole. */
const phrases: Readonly<Record<string, string>> = {
  U: `UNION ALL|UNION DISTINCT|UNION DISTINCT ALL|UNION ALL DISTINCT|EXCEPT ALL|EXCEPT DISTINCT|INTERSECT ALL|INTERSECT DISTINCT|
    MINUS ALL`,
  B: "GROUP BY|ORDER BY|PARTITION BY|ORDER SIBLINGS|ORDER SIBLINGS BY",
  o: `IS NOT|NOT LIKE|NOT BETWEEN|NOT REGEXP|NOT RLIKE|SIMILAR TO|NOT SIMILAR|NOT SIMILAR TO|SOUNDS LIKE|
    IS DISTINCT|IS DISTINCT FROM|IS NOT DISTINCT|IS NOT DISTINCT FROM`,
  k: `NOT IN|IN BOOLEAN|IN BOOLEAN MODE|IN NATURAL|IN NATURAL LANGUAGE|IN NATURAL LANGUAGE MODE|LOCK IN|LOCK IN SHARE|LOCK IN SHARE MODE|
    CROSS JOIN|INNER JOIN|FULL JOIN|FULL OUTER|FULL OUTER JOIN|LEFT JOIN|LEFT OUTER|LEFT OUTER JOIN|RIGHT JOIN|RIGHT OUTER|
    RIGHT OUTER JOIN|NATURAL JOIN|NATURAL LEFT|NATURAL LEFT JOIN|NATURAL RIGHT|NATURAL RIGHT JOIN|NATURAL INNER|NATURAL INNER JOIN|NATURAL FULL|
    NATURAL FULL JOIN|INTO OUTFILE|INTO DUMPFILE|FOR UPDATE|FOR UPDATE NOWAIT|FOR XML|FOR XML PATH|CONNECT BY|START WITH|WITH ROLLUP|
    PRIMARY KEY|FOREIGN KEY|AT TIME|AT TIME ZONE|READ WRITE|READ ONLY|PROCEDURE ANALYSE`,
  t: "DOUBLE PRECISION|CHARACTER VARYING|LONG RAW",
  f: "IF EXISTS|IF NOT|IF NOT EXISTS|NEXT VALUE|NEXT VALUE FOR",
  E: `CREATE TABLE|CREATE USER|CREATE DATABASE|CREATE VIEW|CREATE INDEX|CREATE TRIGGER|CREATE PROCEDURE|CREATE FUNCTION|CREATE ALIAS|CREATE LOGIN|CREATE ROLE|
    CREATE OR|CREATE OR REPLACE|INSERT INTO|INSERT IGNORE|INSERT IGNORE INTO|REPLACE INTO|EXECUTE IMMEDIATE`,
  T: `ALTER DOMAIN|ALTER TABLE|ALTER USER|ALTER DATABASE|ALTER LOGIN|ALTER ROLE|DELETE FROM|DROP TABLE|DROP DATABASE|DROP VIEW|DROP USER|DROP INDEX|DROP SCHEMA|
    DROP FUNCTION|DROP PROCEDURE|DROP TRIGGER|DROP COLUMN|TRUNCATE TABLE|WAITFOR DELAY|WAITFOR TIME|LOAD DATA|LOAD DATA INFILE`,
};

function wordsOf(list: string, separator: RegExp): string[] {
  return list
    .split(separator)
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

interface WordTable {
  readonly entries: readonly WordEntry[];
  /** Open addressing over the word's hash; 0 is empty, else the entry's index + 1. */
  readonly slots: Uint16Array;
  /** Index of the left entry times 65536 plus index of the right word, to the phrase's entry. */
  readonly pairs: ReadonlyMap<number, number>;
}

const slotBits = 13;
const slotMask = (1 << slotBits) - 1;
/** Longer words are names. */
export const wordLengthMax = 31;

function foldCode(code: number): number {
  return code >= 97 && code <= 122 ? code - 32 : code;
}

function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ foldCode(code), 0x01000193);
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> slotBits) ^ (hash >>> 23)) & slotMask;
}

function collectWords(): Map<string, { type: number; traits: number }> {
  const words = new Map<string, { type: number; traits: number }>();
  const name = "n".charCodeAt(0);
  for (const [type, list] of Object.entries(classes))
    for (const word of wordsOf(list, /\s+/)) words.set(word, { type: type.charCodeAt(0), traits: 0 });
  for (const word of wordsOf(sqlFunctions, /\s+/)) words.set(word, { type: 102, traits: 0 });
  for (const word of wordsOf(sqlSharedFunctions, /\s+/)) {
    const known = words.get(word);
    if (known === undefined) words.set(word, { type: name, traits: wordTraits.shared });
    else known.traits |= wordTraits.shared;
  }
  const mark = (list: string, trait: number): void => {
    for (const word of wordsOf(list, /\s+/)) {
      const entry = words.get(word) ?? { type: name, traits: 0 };
      entry.traits |= trait;
      words.set(word, entry);
    }
  };
  mark(callables, wordTraits.callable);
  mark(hostiles, wordTraits.hostile);
  mark(foreigns, wordTraits.foreign);
  mark("NOT", wordTraits.unary);
  for (const list of Object.values(phrases))
    for (const phrase of wordsOf(list, /\|/))
      for (const word of phrase.split(" "))
        if (!words.has(word)) words.set(word, { type: name, traits: wordTraits.part });
  return words;
}

function buildTable(): WordTable {
  const words = collectWords();
  const entries: WordEntry[] = [];
  const slots = new Uint16Array(1 << slotBits);
  const indexes = new Map<string, number>();
  for (const [text, { type, traits }] of words) {
    indexes.set(text, entries.push({ text, type, traits }) - 1);
    let hash = 0x811c9dc5;
    for (let index = 0; index < text.length; index++) hash = hashStep(hash, text.charCodeAt(index));
    let slot = slotOf(hash);
    while (slots[slot] !== 0) slot = (slot + 1) & slotMask;
    slots[slot] = entries.length;
  }
  const pairs = new Map<number, number>();
  const listed = Object.entries(phrases).flatMap(([type, list]) => wordsOf(list, /\|/).map((text) => ({ text, type })));
  listed.sort((one, other) => one.text.split(" ").length - other.text.split(" ").length);
  for (const { text, type } of listed) {
    const cut = text.lastIndexOf(" ");
    const left = indexes.get(text.slice(0, cut));
    const right = indexes.get(text.slice(cut + 1));
    if (left === undefined || right === undefined) throw new Error(`phrase without its beginning: ${text}`);
    const index = entries.push({ text, type: type.charCodeAt(0), traits: wordTraits.phrase }) - 1;
    indexes.set(text, index);
    pairs.set(left * 65536 + right, index);
  }
  return { entries, slots, pairs };
}

const table = buildTable();

/** Entry of an index that `findWord` or `joinWords` returned. */
export function wordEntry(index: number): WordEntry | undefined {
  return table.entries[index];
}

/** Index of the word text[start, end), any case; -1 when it is none. */
export function findWord(text: string, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > wordLengthMax) return -1;
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) hash = hashStep(hash, text.charCodeAt(index));
  for (let slot = slotOf(hash); ; slot = (slot + 1) & slotMask) {
    const found = table.slots[slot];
    if (found === undefined || found === 0) return -1;
    if (isSame(table.entries[found - 1], text, start, length)) return found - 1;
  }
}

function isSame(entry: WordEntry | undefined, text: string, start: number, length: number): boolean {
  if (entry === undefined || entry.text.length !== length) return false;
  for (let index = 0; index < length; index++)
    if (entry.text.charCodeAt(index) !== foldCode(text.charCodeAt(start + index))) return false;
  return true;
}

/** Index of the phrase that two entries form one after the other; -1 when they form none. */
export function joinWords(left: number, right: number): number {
  if (left < 0 || right < 0) return -1;
  return table.pairs.get(left * 65536 + right) ?? -1;
}

/** Index of a word that the rules name. */
export function indexOfWord(text: string): number {
  return table.entries.findIndex((entry) => entry.text === text);
}
