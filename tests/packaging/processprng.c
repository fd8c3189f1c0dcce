/* bcryptprimitives.dll for wine 8, which has none: ProcessPrng, which Rust's library asks for random
 * numbers, over the function that wine has. Windows 10 and later bring the real one. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
