// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import ControlStandIns
import Foundation
import FunctionModel
import NIOCore
import NIOHTTP1
import Testing

@Suite struct ImageAPITests {
    /// The lines of the answer to an upload that comes in two halves.
    private func upload(
        _ archive: Data, _ api: APIBench, name: String = "", length: Bool = true
    ) async throws -> (UInt, [[String: JSONValue]]) {
        var request = HTTPClientRequest(url: api.base + "/swiftlet/v1/images?name=\(name)")
        request.method = .POST
        let halves = [archive.prefix(archive.count / 2), archive.suffix(archive.count - archive.count / 2)].map { ByteBuffer(bytes: $0) }
        let stream = AsyncStream { continuation in
            for half in halves { continuation.yield(half) }
            continuation.finish()
        }
        request.body = .stream(stream, length: length ? .known(Int64(archive.count)) : .unknown)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return (response.status.code, try body.split(separator: "\n").map { try #require(try JSONValue(parsing: Array($0.utf8)).object) })
    }

    @Test(arguments: [true, false]) func anImageIsLoadedListedAndRemoved(_ length: Bool) async throws {
        try await APIBench.with { (api) async throws in
            let archive = try api.images.archive("hello:1", number: 7)
            let (status, lines) = try await upload(archive, api, length: length)
            #expect(status == 200)
            #expect(
                lines.first?["event"] == "received" && lines.contains { $0["event"] == "layer" && $0["state"] == "done" && $0["of"] == 1 })
            let loaded = try #require(lines.last?["images"]?.array?.first?.object)
            #expect(lines.last?["event"] == "loaded" && loaded["reference"] == "hello:1" && loaded["layers"] == 1)
            #expect(loaded["createdTime"] == "2026-11-23T08:40:54Z" && loaded["digest"]?.string?.hasPrefix("sha256:") == true)

            let list = try await api.call(.GET, "/swiftlet/v1/images").json["images"]?.array?.compactMap { $0.object?["reference"]?.string }
            #expect(list == ["echo:1", "echo:2", "hello:1"])
            let details = try await api.call(.GET, "/swiftlet/v1/images/hello%3A1").json
            #expect(details["config"]?.object?["config"]?.object?["Entrypoint"] == ["/server"])
            #expect(details["references"] == ["hello:1"] && details["layerDetails"]?.array?.count == 1)

            _ = try await api.call(.POST, "/2023-03-30/functions", echo.replacing("echo:1", with: "hello:1"))
            let refused = try await api.call(.DELETE, "/swiftlet/v1/images/hello%3A1")
            #expect(
                refused.status == 409 && refused.json["Code"] == "ImageInUse" && refused.json["Message"]?.string?.contains("'echo'") == true
            )
            _ = try await api.call(.DELETE, "/2023-03-30/functions/echo")
            #expect(try await api.call(.DELETE, "/swiftlet/v1/images/hello:1").status == 204)
            #expect(try await api.call(.GET, "/swiftlet/v1/images/hello:1").json["Code"] == "ImageNotFound")
        }
    }

    @Test func aLoadThatFailsSaysSoInItsLastLine() async throws {
        try await APIBench.with { (api) async throws in
            let (status, lines) = try await upload(Data(repeating: 7, count: 4096), api)
            #expect(status == 200 || status == 400)
            #expect(lines.last?["Code"] == "InvalidImage" && lines.last?["Message"]?.string?.isEmpty == false, "\(lines)")
            #expect(status == 400 || lines.last?["event"] == "error")
        }
    }

    @Test func anUploadThatIsCutOffLoadsNothing() async throws {
        try await APIBench.with { (api) async throws in
            let archive = try api.images.archive("hello:1", number: 7)
            let head = "POST /swiftlet/v1/images HTTP/1.1\r\nHost: a\r\nContent-Length: \(archive.count + 10)\r\n\r\n"
            _ = try await RawConnection.exchange(port: api.port, Array(head.utf8) + archive, thenEnd: true)
            let list = try await api.call(.GET, "/swiftlet/v1/images").json["images"]?.array?.count
            #expect(list == 2)
        }
    }
}
