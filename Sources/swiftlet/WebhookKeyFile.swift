// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Glibc

/// The file `webhook.key` of the state directory: made once, read at each start.
enum WebhookKeyFile {
    static func read(in folder: String) throws -> WebhookKey {
        let path = folder + "/webhook.key"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return try make(path) }
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, let key = WebhookKey(String(decoding: bytes[..<count].filter { $0 > 32 }, as: UTF8.self)) else {
            throw CommandFailure("\(path) holds no key (whsec_ and base64); remove it to have a new one made")
        }
        return key
    }

    /// Whole or not at all: under another name, synced, renamed.
    private static func make(_ path: String) throws -> WebhookKey {
        let key = WebhookKey { .random(in: .min ... .max) }
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("cannot make \(temporary): \(String(cString: strerror(errno)))") }
        let line = Array("\(key.text)\n".utf8)
        let isWritten = write(descriptor, line, line.count) == line.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        return key
    }
}
