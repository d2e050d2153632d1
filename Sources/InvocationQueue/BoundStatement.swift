// SPDX-License-Identifier: Apache-2.0
import GRDB
import GRDBSQLite

/// A prepared statement whose values are bound without boxing them first: the two inserts of every enqueue spend most of their time there otherwise.
struct BoundStatement {
    private let statement: Statement
    private let database: Database
    private var index: CInt = 0

    init(_ sql: String, _ database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
        self.database = database
    }

    mutating func bind(_ value: Int64) throws {
        index += 1
        try check(sqlite3_bind_int64(statement.sqliteStatement, index, value))
    }

    /// - Parameter value: nil binds NULL.
    mutating func bind(_ value: String?) throws {
        index += 1
        guard var value else { return try check(sqlite3_bind_null(statement.sqliteStatement, index)) }
        // SQLite copies the bytes before this returns.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        try check(
            value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(statement.sqliteStatement, index, $0.baseAddress, CInt($0.count), copied)
                }
            })
    }

    /// Binds the bytes and runs the statement, so that SQLite may read them where they are.
    mutating func run(lastly bytes: [UInt8]) throws {
        index += 1
        try bytes.withUnsafeBytes { buffer in
            if buffer.isEmpty {
                try check(sqlite3_bind_zeroblob(statement.sqliteStatement, index, 0))
            } else {
                try check(sqlite3_bind_blob(statement.sqliteStatement, index, buffer.baseAddress, CInt(buffer.count), nil))
            }
            try run()
        }
    }

    func run() throws {
        let code = sqlite3_step(statement.sqliteStatement)
        sqlite3_reset(statement.sqliteStatement)
        sqlite3_clear_bindings(statement.sqliteStatement)
        guard code == SQLITE_DONE else { throw failure(code) }
    }

    private func check(_ code: CInt) throws { if code != SQLITE_OK { throw failure(code) } }

    private func failure(_ code: CInt) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code), message: database.sqliteConnection.map { String(cString: sqlite3_errmsg($0)) })
    }
}
