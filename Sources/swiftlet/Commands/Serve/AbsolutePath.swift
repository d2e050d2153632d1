// SPDX-License-Identifier: Apache-2.0
import Glibc

package enum AbsolutePath {
    /// `path` from the root on, without `.`, `..` and double slashes. Links are left as they are: the directory may not be there yet.
    static func of(_ path: String) throws -> String {
        if path.hasPrefix("/") { return join("/", path) }
        guard let current = getcwd(nil, 0) else {
            throw CommandFailure("cannot tell the current directory: \(String(cString: strerror(errno)))")
        }
        defer { free(current) }
        return join(String(cString: current), path)
    }

    package static func join(_ base: String, _ path: String) -> String {
        var parts: [Substring] = []
        for part in base.split(separator: "/") + path.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
