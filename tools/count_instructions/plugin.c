/* A plugin for QEMU's user mode: counts the instructions that a program executes.
 *
 *     qemu-aarch64 -plugin file=count_instructions.so,counts=FILE PROGRAM
 *
 * FILE holds three little-endian 64-bit counts that grow while the program runs, so that it can read them itself: all
 * instructions; those for vectors and floating point; those that load or store. The latter two of Arm's (A64) only.
 * Counted are blocks, when they are entered, with all their instructions.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of qemu-plugin.h, version 1, which QEMU 4.2 to 8.1 understand; distributions do not ship it. */
typedef uint64_t qemu_plugin_id_t;
typedef struct {
    const char *target_name;
} qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned int, void *), enum qemu_plugin_cb_flags, void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum { ALL, VECTOR, MEMORY, KINDS };

static uint64_t *counts;
static bool arm;

static void entered(unsigned int cpu, void *block)
{
    const uint64_t *has = block;
    (void)cpu;
    for (int kind = 0; kind < KINDS; kind++)
        if (has[kind])
            __atomic_fetch_add(&counts[kind], has[kind], __ATOMIC_RELAXED);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    /* Stays for good: the code made of the block may run as long as the program does. */
    uint64_t *has = calloc(KINDS, sizeof *has);
    (void)id;
    has[ALL] = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; arm && i < has[ALL]; i++) {
        uint32_t code;
        memcpy(&code, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i)), sizeof code);
        /* Arm ARM, "A64 instruction set encoding": bits 28 to 25. */
        has[VECTOR] += (code >> 25 & 0x7) == 0x7;
        has[MEMORY] += (code >> 25 & 0x5) == 0x4;
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS, has);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const char *option = "counts=";
    arm = !strcmp(info->target_name, "aarch64");
    if (argc != 1 || strncmp(argv[0], option, strlen(option)))
        return 1;
    int file = open(argv[0] + strlen(option), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || ftruncate(file, KINDS * sizeof *counts))
        return 1;
    counts = mmap(NULL, KINDS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (counts == MAP_FAILED)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
