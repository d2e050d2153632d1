// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// A real nginx as a reverse proxy, one listening port for each backend, with its state in a folder of its own.
final class NginxServer: Sendable {
    struct Failed: Error, CustomStringConvertible { var description: String }

    let ports: [Int]
    private let pid: pid_t
    private let folder: String

    init(backends: [Int]) throws {
        var template = Array("/tmp/swiftlet-nginx-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failed(description: "mkdtemp: errno \(errno)") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let ports = try Self.freePorts(backends.count)
        (self.folder, self.ports) = (folder, ports)
        let servers = zip(ports, backends).map { port, backend in
            """
            server { listen 127.0.0.1:\(port); client_header_timeout 300ms; client_body_timeout 300ms; lingering_timeout 300ms;
              location / { proxy_pass http://127.0.0.1:\(backend); proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; } }
            """
        }
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }.joined()
        let text = """
            daemon off; master_process off; pid \(folder)/pid; error_log \(folder)/error.log;
            events { worker_connections 1024; }
            http { access_log off; \(temporary) \(servers.joined(separator: "\n")) }
            """
        try text.write(toFile: folder + "/nginx.conf", atomically: true, encoding: .utf8)
        pid = try Self.spawn(["/usr/sbin/nginx", "-e", folder + "/error.log", "-c", folder + "/nginx.conf"])
        for _ in 0..<500 {
            if (try? RawClient(port: ports[ports.count - 1])) != nil { return }
            usleep(20_000)
        }
        let log = (try? String(contentsOfFile: folder + "/error.log", encoding: .utf8)) ?? ""
        stop()
        throw Failed(description: "nginx does not listen: \(log)")
    }

    func stop() {
        kill(pid, SIGKILL)
        var status: CInt = 0
        waitpid(pid, &status, 0)
        do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
    }

    private static func spawn(_ words: [String]) throws -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, words[0], nil, nil, arguments, environ)
        guard result == 0 else { throw Failed(description: "\(words[0]): errno \(result); scripts/install-dependencies installs it") }
        return pid
    }

    /// Ports that were free a moment ago.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [CInt] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
                }
            }
            guard result else { throw Failed(description: "no free port: errno \(errno)") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}
