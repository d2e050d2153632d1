// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import ControlAPI
import Foundation
import FunctionModel
import Glibc
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite struct SocketTests {
    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode
    }

    /// CVE-2020-15257: an abstract socket has no owner and no mode, and is reached from every process of the network namespace.
    @Test func theSocketIsAPrivateFile_CVE_2020_15257() async throws {
        let address: @Sendable (String) -> ControlAPI.Address = { .unixSocket(path: $0 + "/api.sock") }
        try await APIBench.with(address: address) { api in
            let path = api.folder + "/api.sock"
            #expect(try mode(path) == S_IFSOCK | 0o600)
            #expect(access(path + ".new", F_OK) != 0)
            let abstract = try String(contentsOfFile: "/proc/net/unix", encoding: .utf8)
            #expect(!abstract.contains("@" + path))
            let url = try #require(URL(httpURLWithSocketPath: path, uri: "/swiftlet/v1/host"))
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url.absoluteString), timeout: .seconds(60))
            #expect(response.status == .ok)
        }
    }

    @Test func aStaleFileIsReplacedAndTheSocketIsRemovedAtTheEnd() async throws {
        let place = Mutex("")
        try await APIBench.with { folder in
            let path = folder + "/api.sock"
            place.withLock { $0 = path }
            #expect(FileManager.default.createFile(atPath: path, contents: Data("old".utf8)))
            return .unixSocket(path: path)
        } _: { (api) async throws in
            #expect(try mode(api.folder + "/api.sock") == S_IFSOCK | 0o600)
        }
        let path = place.withLock { $0 }
        #expect(access(path, F_OK) != 0)
    }
}
