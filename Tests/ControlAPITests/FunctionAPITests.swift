// SPDX-License-Identifier: Apache-2.0
import ControlStandIns
import FunctionModel
import NIOHTTP1
import Testing

@Suite struct FunctionAPITests {
    @Test func aFunctionLives() async throws {
        try await APIBench.with { (api) async throws in
            let created = try await api.call(.POST, "/2023-03-30/functions", echo)
            #expect(created.status == 200 && created.json["state"] == "Active" && created.json["functionName"] == "echo")
            #expect(created.headers["x-fc-request-id"].first?.hasPrefix("1-6b") == true, "\(created.headers)")
            #expect(try await api.call(.POST, "/2023-03-30/functions", echo).json["Code"] == "FunctionAlreadyExists")

            let updated = try await api.call(.PUT, "/2023-03-30/functions/echo", #"{"timeout":7}"#)
            #expect(updated.status == 200 && updated.json["timeout"] == 7)
            #expect(api.routes.newest["echo"]?.versions["LATEST"]?.configuration.timeout == 7)

            let listed = try await api.call(.GET, "/2023-03-30/functions?prefix=e&limit=10")
            #expect(listed.json["functions"]?.array?.count == 1 && listed.json["nextToken"] == nil)

            let published = try await api.call(.POST, "/2023-03-30/functions/echo/versions", #"{"description":"first"}"#)
            #expect(published.json["versionId"] == "1" && published.json["description"] == "first")
            let again = try await api.call(.POST, "/2023-03-30/functions/echo/versions", "")
            #expect(again.status == 400 && again.json["Code"] == "VersionPublishError")
            let versions = try await api.call(.GET, "/2023-03-30/functions/echo/versions?direction=BACKWARD")
            #expect(versions.json["versions"]?.array?.count == 1 && versions.json["direction"] == "BACKWARD")
            #expect(try await api.call(.GET, "/2023-03-30/functions/echo?qualifier=1").json["timeout"] == 7)
            #expect(try await api.call(.DELETE, "/2023-03-30/functions/echo/versions/1").status == 204)

            #expect(try await api.call(.GET, "/2023-03-30/functions/echo/instances").json["instances"]?.array == [])
            let deleted = try await api.call(.DELETE, "/2023-03-30/functions/echo")
            #expect(deleted.status == 204 && deleted.body.isEmpty)
            #expect(api.routes.newest["echo"] == nil)
            #expect(try await api.call(.GET, "/2023-03-30/functions/echo").json["Code"] == "FunctionNotFound")
        }
    }

    /// Every answer to what is wrong is an object with these three; an SDK loses code and status of anything else.
    @Test(
        arguments: [
            (HTTPMethod.GET, "/2023-03-30/functions/none", nil, 404, "FunctionNotFound"),
            (.PUT, "/2023-03-30/functions/none", "{}", 404, "FunctionNotFound"),
            (.DELETE, "/2023-03-30/functions/none", nil, 404, "FunctionNotFound"),
            (.GET, "/2023-03-30/functions/none/instances", nil, 404, "FunctionNotFound"),
            (.GET, "/2023-03-30/functions/none/versions", nil, 404, "FunctionNotFound"),
            (.POST, "/2023-03-30/functions/none/versions", "{}", 404, "FunctionNotFound"),
            (.DELETE, "/2023-03-30/functions/none/versions/1", nil, 404, "FunctionNotFound"),
            (.GET, "/swiftlet/v1/functions/none/logs", nil, 404, "FunctionNotFound"),
            (.GET, "/swiftlet/v1/functions/none/cold-starts", nil, 404, "FunctionNotFound"),
            (.DELETE, "/swiftlet/v1/functions/none/instances", nil, 404, "FunctionNotFound"),
            (.POST, "/2023-03-30/functions", "{", 400, "InvalidArgument"),
            (.POST, "/2023-03-30/functions", "[]", 400, "InvalidArgument"),
            (.POST, "/2023-03-30/functions", "", 400, "InvalidArgument"),
            (.POST, "/2023-03-30/functions", #"{"functionName":"1"}"#, 400, "InvalidArgument"),
            (.GET, "/2023-03-30/functions?limit=0", nil, 400, "InvalidArgument"),
            (.GET, "/2023-03-30/functions?limit=101", nil, 400, "InvalidArgument"),
            (.GET, "/2023-03-30/functions?tags=x", nil, 400, "InvalidArgument"),
            (.PATCH, "/2023-03-30/functions", nil, 400, "PathNotSupported"),
            (.GET, "/2023-03-30/functions/", nil, 400, "PathNotSupported"),
            (.GET, "/2023-03-30/functions/echo/sessions", nil, 400, "PathNotSupported"),
            (.GET, "/2023-03-30/layers/l/other", nil, 400, "PathNotSupported"),
            (.POST, "/2023-03-30/functions/echo/invocations", "x", 400, "PathNotSupported"),
            (.GET, "/", nil, 404, "NotFound"),
            (.GET, "/swiftlet/v1/other", nil, 404, "NotFound"),
            (.POST, "/swiftlet/v1/host", "", 405, "MethodNotAllowed"),
            (.PUT, "/swiftlet/v1/images", "", 405, "MethodNotAllowed"),
        ] as [(HTTPMethod, String, String?, UInt, String)])
    func errorsAreObjects(_ method: HTTPMethod, _ path: String, _ body: String?, _ status: UInt, _ code: String) async throws {
        try await APIBench.with { (api) async throws in
            let answer = try await api.call(method, path, body)
            #expect(answer.status == status && answer.json["Code"] == .string(code), "\(answer)")
            #expect(answer.json["Message"]?.string?.isEmpty == false)
            #expect(answer.json["RequestId"]?.string == answer.headers["x-fc-request-id"].first)
            if status == 405 { #expect(!answer.headers["allow"].isEmpty) }
        }
    }

    @Test func aBodyIsLimited() async throws {
        try await APIBench.with { (api) async throws in
            let answer = try await api.call(.POST, "/2023-03-30/functions", String(repeating: " ", count: (1 << 20) + 1))
            #expect(
                answer.status == 400 && answer.json["Code"] == "EntityTooLarge"
                    && answer.json["Message"]?.string?.contains("1048576") == true)
        }
    }

    @Test func aSegmentMayHoldAnEncodedSlash() async throws {
        try await APIBench.with { (api) async throws in
            let answer = try await api.call(.GET, "/2023-03-30/functions/a%2Fversions%3A")
            #expect(answer.json["Code"] == "FunctionNotFound" && answer.json["Message"] == "function 'a/versions:' does not exist")
        }
    }

    @Test(arguments: [
        "/2023-03-30/functions?a=%zz", "/2023-03-30/functions/%ff", "/2023-03-30/functions/%00", "/2023-03-30/functions/%e4%2",
        "/2023-03-30/functions?limit=1&limit=2",
    ])
    func aTargetThatIsNoTextIsRefused(_ target: String) async throws {
        try await APIBench.with { (api) async throws in
            let answer = try await RawConnection.exchange(port: api.port, "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains(#""Code":"InvalidArgument""#), "\(answer)")
        }
    }

    @Test func aHostHeaderMayHaveAScheme() async throws {
        try await APIBench.with { (api) async throws in
            let answer = try await RawConnection.exchange(
                port: api.port, "GET /swiftlet/v1/host HTTP/1.1\r\nHost: http://127.0.0.1:1\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
        }
    }

    @Test func aRegistryPasswordIsNeverEchoed() async throws {
        try await APIBench.with { (api) async throws in
            let config = #"{"image":"echo:1","registryConfig":{"authConfig":{"userName":"u","password":"secret-word"}}}"#
            let body = #"{"functionName":"echo","runtime":"custom-container","handler":"h","customContainerConfig":\#(config)}"#
            let created = try await api.call(.POST, "/2023-03-30/functions", body)
            #expect(created.status == 200 && !created.body.contains("secret-word") && created.body.contains(#""userName":"u""#))
            #expect(try await !api.call(.GET, "/2023-03-30/functions/echo").body.contains("secret-word"))
        }
    }

    @Test func theGatewaysRequestIDIsKept() async throws {
        try await APIBench.with { (api) async throws in
            let answer = try await api.call(.GET, "/swiftlet/v1/host", headers: ["x-fc-request-id": "1-aaaaaaaa-bbbbbbbb-cccccccccccc"])
            #expect(answer.headers["x-fc-request-id"] == ["1-aaaaaaaa-bbbbbbbb-cccccccccccc"])
            #expect(
                answer.json["version"] == "1.2.3" && answer.json["listen"] == "127.0.0.1:8080"
                    && answer.json["stateDir"] == .string(api.folder))
        }
    }
}
