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

    private static func make(_ path: String) throws -> WebhookKey {
        let key = WebhookKey { .random(in: .min ... .max) }
        try WholeFile.write("\(key.text)\n", at: path)
        return key
    }
}
