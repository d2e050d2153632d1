// SPDX-License-Identifier: Apache-2.0
import Synchronization

extension LogLines {
    /// A cursor that can be handed to a thread of the pool, and closes its file when the reader is gone.
    final class Source: Sendable {
        private let cursor: Mutex<LogCursor>

        init(_ cursor: LogCursor) { self.cursor = Mutex(cursor) }

        deinit { cursor.withLock { $0.close() } }

        func next() throws -> [LogLine] { try cursor.withLock { cursor in try cursor.next() } }
    }
}
