// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

/// What the process that reads ahead may do, and what it sees.
extension SandboxOnThisKernel.ReadAheadTests {
    @Test func itMayLookAndWriteItsListsAndNoMore() async throws {
        let host = try LauncherFixture()
        #expect(try await host.output(["cwd"]) == "/\n")
        let helper = try await ready(host)
        let status = try String(contentsOfFile: "/proc/\(helper)/status", encoding: .utf8).split(separator: "\n")
        func value(_ name: String) -> Substring? { status.first { $0.hasPrefix(name + ":") }?.split(separator: "\t").last }
        for set in ["CapBnd", "CapPrm", "CapEff", "CapAmb"] {
            #expect(try UInt64(#require(value(set)), radix: 16) == ReadAheadPlan.capabilities, "\(set)")
        }
        // DAC_READ_SEARCH and FOWNER.
        #expect(ReadAheadPlan.capabilities == 0b1100)
        #expect(value("Seccomp") == "2" && value("NoNewPrivs") == "1")
        let reads = try FileManager.default.attributesOfItem(atPath: host.folder + "/reads")
        let user = try #require(reads[.ownerAccountID] as? NSNumber).stringValue
        #expect(user != "0" && reads[.groupOwnerAccountID] as? NSNumber == reads[.ownerAccountID] as? NSNumber)
        #expect(reads[.posixPermissions] as? NSNumber == 0o700)
        for ids in ["Uid", "Gid"] {
            #expect(status.first { $0.hasPrefix(ids + ":") }?.split(separator: "\t").dropFirst().allSatisfy { $0 == user } ?? false)
        }
        #expect(status.contains("Groups:\t "))
    }

    /// Were it taken over, it would see the images of this host, and no more of it.
    @Test func itSeesTheLayersAndItsListsAndNothingOfTheHost() async throws {
        let host = try LauncherFixture()
        #expect(try await host.output(["cwd"]) == "/\n")
        let helper = try await ready(host)
        let root = "/proc/\(helper)/root"
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: root)) == ["layers", "reads", "proc"])
        let mounts = try String(contentsOfFile: "/proc/\(helper)/mountinfo", encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: " ")
        }
        #expect(Set(mounts.map { $0[4] }) == ["/", "/layers", "/reads", "/proc"], "\(mounts)")
        for mount in mounts {
            for word in ["nosuid", "nodev", "noexec"] { #expect(mount[5].split(separator: ",").contains(Substring(word)), "\(mount)") }
        }
        #expect(mounts.first { $0[4] == "/layers" }?[5].hasPrefix("ro,") ?? false)
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: root + "/proc")) == ["1", "self", "thread-self"])
        for kind in ["mnt", "pid", "net", "ipc", "uts"] {
            func link(_ process: pid_t) throws -> String {
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/\(kind)")
            }
            #expect(try link(helper) != link(host.process) && link(helper) != link(getpid()), "\(kind)")
        }
        let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(helper)/fd").filter { $0 != "2" }
        let open = numbers.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(helper)/fd/\($0)") }
        #expect(Set(open.filter { $0.hasPrefix("/") }) == ["/dev/null", "/layers", "/reads", "/proc/meminfo"], "\(open)")
    }

    /// Who opens a page table with CAP_SYS_ADMIN is told where in the machine's memory each page lies, and so is whoever gets it from there.
    @Test func itIsToldWhichPagesAreInUseAndNotWhereTheyLie() async throws {
        let host = try LauncherFixture { try write($0 + "/data/large", bytes: large) }
        try await loaded(host)
        let helper = try helper(of: host)
        kill(helper, SIGSTOP)
        defer { kill(helper, SIGCONT) }
        let socket = try descriptor(ReadAheadPlan.socket, of: helper)
        let instance = host.start(["map-page", "/data/large", "5", "serve", "9000"])
        try await instance.listening()
        var (buffer, tables) = ([UInt8](repeating: 0, count: ReadAheadBounds.message), [Descriptor.Box]())
        let isTold = try await wait {
            guard case .message(let bytes, let numbers) = try receiveMessage(socket.number, into: &buffer, descriptors: 64) else {
                return false
            }
            tables = numbers.map { Descriptor.Box(Descriptor(owning: $0)) }
            if case .look = try ReadAheadOrder(decoding: bytes) { return true }
            return false
        }
        try #require(isTold && tables.count >= 2 && tables.count % 2 == 0)
        var present = 0
        for index in stride(from: 0, to: tables.count, by: 2) {
            let maps = String(decoding: try #require(try tables[index].descriptor.readAll(limit: 1 << 20)), as: UTF8.self)
            for line in maps.split(separator: "\n") where !line.contains("[vsyscall]") {
                let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt64($0, radix: 16) }
                for page in ends[0] / 4096..<ends[1] / 4096 {
                    var entry: UInt64 = 0
                    guard pread(tables[index + 1].number, &entry, 8, off_t(page * 8)) == 8, entry >> 63 == 1 else { continue }
                    present += 1
                    // Bits 0 to 54 are the frame's number.
                    #expect(entry & (1 << 55 - 1) == 0, "\(line)")
                }
            }
        }
        #expect(present > 10)
        try await stop(host, instance)
    }

    /// It has loaded its lists when it waits for orders.
    func ready(_ host: LauncherFixture, not former: pid_t = 0) async throws -> pid_t {
        var process: pid_t = 0
        let isReady = try await wait {
            guard let found = try child(of: host), found != former else { return false }
            process = found
            let status = try? String(contentsOfFile: "/proc/\(found)/status", encoding: .utf8)
            let waits = try? String(contentsOfFile: "/proc/\(found)/wchan", encoding: .utf8)
            return status?.contains("Seccomp:\t2") ?? false && waits?.contains("poll") ?? false
        }
        try #require(isReady)
        return process
    }
}
